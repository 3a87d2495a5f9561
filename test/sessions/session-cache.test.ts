import assert from "node:assert/strict";
import { test } from "node:test";
import { createSessionCache } from "../../src/sessions/session-cache.ts";

const session = (endsAt = 1000) => ({ role: "member" as const, cookieHash: "h", touchDueAt: 0, endsAt });

function startCache(limits: { maxEntries?: number; maxBytes?: number } = {}) {
  const state = { now: 0, isCurrent: true };
  const cache = createSessionCache({ isCurrent: () => state.isCurrent, now: () => state.now, ...limits });
  const store = (key: string, endsAt?: number) => {
    const read = cache.beginRead(key);
    if (read !== undefined) cache.endRead(read, session(endsAt));
  };
  return { cache, state, store };
}

test("the cache returns a session until the session is invalidated or ends, and only while changes are reported", () => {
  const { cache, state, store } = startCache();
  store("a", 1000);
  assert.equal(cache.get("a")?.role, "member");
  cache.invalidate("a");
  assert.equal(cache.get("a"), undefined);

  store("a", 1000);
  state.isCurrent = false;
  assert.equal(cache.get("a"), undefined);
  state.isCurrent = true;
  assert.equal(cache.get("a")?.role, "member", "no change was missed, so the entry is still valid");
  state.now = 1000;
  assert.equal(cache.get("a"), undefined);

  store("a", 2000);
  cache.clear();
  assert.equal(cache.get("a"), undefined);
  assert.deepEqual(cache.counts(), { hits: 2, misses: 4, invalidations: 1, entries: 0, bytes: 0 });
});

test("the cache does not store the result of a read if the session was invalidated after the read began", () => {
  const { cache, state } = startCache();
  const [one, two, other] = [cache.beginRead("a"), cache.beginRead("a"), cache.beginRead("b")];
  assert.ok(one !== undefined && two !== undefined && other !== undefined);
  cache.invalidate("a");
  const later = cache.beginRead("a");
  assert.ok(later !== undefined);
  cache.endRead(one, session());
  assert.equal(cache.get("a"), undefined);
  cache.endRead(later, session());
  cache.endRead(other, session());
  assert.notEqual(cache.get("a"), undefined, "the cache stores the result of a read that began after the invalidation");
  assert.notEqual(cache.get("b"), undefined, "the cache stores the results of reads of other sessions");
  cache.invalidate("a");
  cache.endRead(two, session());
  assert.equal(cache.get("a"), undefined);

  const before = cache.beginRead("c");
  assert.ok(before !== undefined);
  cache.clear();
  cache.endRead(before, session());
  assert.equal(cache.get("c"), undefined, "the cache was cleared during the read");

  state.isCurrent = false;
  assert.equal(cache.beginRead("d"), undefined);
});

test("the cache stores nothing for a read that failed or found no session", () => {
  const { cache } = startCache();
  const read = cache.beginRead("a");
  assert.ok(read !== undefined);
  cache.endRead(read, undefined);
  assert.equal(cache.get("a"), undefined);
  assert.notEqual(cache.beginRead("a"), read);
});

test("the cache has a maximum of entries and of bytes, and drops the oldest entries", () => {
  const entries = startCache({ maxEntries: 3 });
  for (const key of ["a", "b", "c", "d"]) entries.store(key);
  assert.deepEqual(
    ["a", "b", "c", "d"].map((key) => entries.cache.get(key) !== undefined),
    [false, true, true, true],
  );
  const bytes = startCache({ maxBytes: 1000 });
  for (let index = 0; index < 100; index += 1) bytes.store(`key-${index}`);
  const counts = bytes.cache.counts();
  assert.ok(counts.bytes <= 1000 && counts.entries > 0 && counts.entries < 5, JSON.stringify(counts));
  for (let index = 0; index < 100; index += 1) bytes.store("same");
  assert.ok(bytes.cache.counts().entries < 5, "a session that is read again counts once");
  bytes.store("x".repeat(2000));
  assert.deepEqual([bytes.cache.counts().entries, bytes.cache.counts().bytes], [0, 0]);
});

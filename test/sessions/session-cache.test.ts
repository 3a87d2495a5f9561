import assert from "node:assert/strict";
import { test } from "node:test";
import { createSessionCache } from "../../src/sessions/session-cache.ts";

const session = (endsAt = 1000) => ({ role: "member" as const, cookieHash: "h", touchDueAt: 0, endsAt });

function startCache(limits: { maxEntries?: number; maxBytes?: number } = {}) {
  const state = { now: 0, isCurrent: true };
  const cache = createSessionCache({ isCurrent: () => state.isCurrent, now: () => state.now, ...limits });
  const remember = (key: string, endsAt?: number) => {
    const read = cache.beginRead(key);
    if (read !== undefined) cache.endRead(read, session(endsAt));
  };
  return { cache, state, remember };
}

test("a session is remembered until it is invalidated, ends, or changes are no longer reported", () => {
  const { cache, state, remember } = startCache();
  remember("a", 1000);
  assert.equal(cache.get("a")?.role, "member");
  cache.invalidate("a");
  assert.equal(cache.get("a"), undefined);

  remember("a", 1000);
  state.isCurrent = false;
  assert.equal(cache.get("a"), undefined);
  state.isCurrent = true;
  assert.equal(cache.get("a")?.role, "member", "all changes of the meantime have been reported");
  state.now = 1000;
  assert.equal(cache.get("a"), undefined);

  remember("a", 2000);
  cache.clear();
  assert.equal(cache.get("a"), undefined);
  assert.deepEqual(cache.counts(), { hits: 2, misses: 4, invalidations: 1, entries: 0, bytes: 0 });
});

test("an answer is not remembered if its session was invalidated after the read began", () => {
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
  assert.notEqual(cache.get("a"), undefined, "a read that began after the invalidation is remembered");
  assert.notEqual(cache.get("b"), undefined, "reads of other sessions are remembered");
  cache.invalidate("a");
  cache.endRead(two, session());
  assert.equal(cache.get("a"), undefined);

  const before = cache.beginRead("c");
  assert.ok(before !== undefined);
  cache.clear();
  cache.endRead(before, session());
  assert.equal(cache.get("c"), undefined, "the connection broke in the meantime");

  state.isCurrent = false;
  assert.equal(cache.beginRead("d"), undefined);
});

test("a read that failed, or found no session, leaves nothing behind", () => {
  const { cache } = startCache();
  const read = cache.beginRead("a");
  assert.ok(read !== undefined);
  cache.endRead(read, undefined);
  assert.equal(cache.get("a"), undefined);
  assert.notEqual(cache.beginRead("a"), read);
});

test("the cache is bounded in entries and in bytes, and drops the oldest", () => {
  const entries = startCache({ maxEntries: 3 });
  for (const key of ["a", "b", "c", "d"]) entries.remember(key);
  assert.deepEqual(
    ["a", "b", "c", "d"].map((key) => entries.cache.get(key) !== undefined),
    [false, true, true, true],
  );
  const bytes = startCache({ maxBytes: 1000 });
  for (let index = 0; index < 100; index += 1) bytes.remember(`key-${index}`);
  const counts = bytes.cache.counts();
  assert.ok(counts.bytes <= 1000 && counts.entries > 0 && counts.entries < 5, JSON.stringify(counts));
  for (let index = 0; index < 100; index += 1) bytes.remember("same");
  assert.ok(bytes.cache.counts().entries < 5, "a session that is read again counts once");
  bytes.remember("x".repeat(2000));
  assert.deepEqual([bytes.cache.counts().entries, bytes.cache.counts().bytes], [0, 0]);
});

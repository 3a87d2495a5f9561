import assert from "node:assert/strict";
import { before, test } from "node:test";
import { createKeyLimit } from "../../src/auth/api-keys/key-limit.ts";
import { AppError } from "../../src/core/errors/app-error.ts";
import type { RedisAccess } from "../../src/redis/redis-access.ts";
import { eventually } from "../shared/eventually.ts";
import { type Answer, ask, postJson } from "../shared/requests/http.ts";
import { bearer, register, type SignedIn } from "../shared/requests/people.ts";
import { query } from "../shared/servers/stores/database.ts";
import { aProperty } from "../support/fixtures/property-fixtures.ts";
import type { Haven } from "../support/haven.ts";
import { startPair } from "../support/two-instances.ts";

const perMinute = 40;

let one: Haven;
let two: Haven;
before(async () => {
  [one, two] = await startPair({ API_KEY_RATE_LIMIT: String(perMinute) });
});

type Key = { id: string; key: string; expiresAt: string; lastUsedAt: string | null };

async function createKey(person: SignedIn, input: Record<string, unknown> = {}): Promise<Key> {
  const body = { name: "robot", scopes: ["read", "write"], ...input };
  const created = await postJson(`${one.url}/api/v1/auth/api-keys`, body, bearer(person));
  assert.equal(created.status, 201, created.text);
  return created.json() as Key;
}

const withKey = ({ key }: Pick<Key, "key">) => ({ authorization: `Bearer ${key}` });

const properties = (url: string, key: Pick<Key, "key">): Promise<Answer> =>
  ask(`${url}/api/v1/properties`, { headers: withKey(key) });

const listKeys = async (person: SignedIn) =>
  ((await ask(`${two.url}/api/v1/auth/api-keys`, { headers: bearer(person) })).json() as { items: Key[] }).items;

test("an API key reads and writes the properties of its owner, on every instance", async () => {
  const person = await register(one.url);
  const key = await createKey(person);
  assert.match(key.key, /^hvn_[A-Za-z0-9_-]{43}$/);
  const created = await postJson(`${two.url}/api/v1/properties`, aProperty, withKey(key));
  assert.equal(created.status, 201, created.text);
  const list = (await properties(one.url, key)).json() as { items: { id: string }[] };
  assert.deepEqual(
    list.items.map(({ id }) => id),
    [(created.json() as { id: string }).id],
  );
  assert.equal((await ask(`${one.url}/api/v1/auth/me`, { headers: withKey(key) })).status, 200);
});

test("the list of keys does not contain the keys themselves, and the time of the last use is recorded at most once an hour", async () => {
  const person = await register(one.url);
  const [key, unused] = [await createKey(person, { scopes: ["read"] }), await createKey(person)];
  await properties(one.url, key);
  const used = await eventually(
    () => listKeys(person),
    (items) => items.some(({ lastUsedAt }) => lastUsedAt !== null),
  );
  assert.deepEqual(
    used.map(({ id, lastUsedAt }) => [id, lastUsedAt !== null]),
    [
      [unused.id, false],
      [key.id, true],
    ],
  );
  assert.deepEqual(Object.keys(used[0] ?? {}).sort(), ["createdAt", "expiresAt", "id", "lastUsedAt", "name", "scopes"]);
  await properties(two.url, key);
  assert.deepEqual(await listKeys(person), used);
});

test("a key expires after the requested number of days, and after 90 days by default", async () => {
  const person = await register(one.url);
  const days = (Date.parse((await createKey(person)).expiresAt) - Date.now()) / 86_400_000;
  assert.ok(days > 89.9 && days <= 90, String(days));
  const key = await createKey(person, { expiresInDays: 1 });
  assert.equal((await properties(one.url, key)).status, 200);
  const database = one.running.parts.addresses.databaseUrl;
  await query(database, "UPDATE api_keys SET expires_at = now() WHERE id = $1", [key.id]);
  for (const { url } of [one, two]) assert.equal((await properties(url, key)).status, 401);
});

test("a user can have at most 50 keys that have not expired", async () => {
  const person = await register(one.url);
  const database = one.running.parts.addresses.databaseUrl;
  await query(
    database,
    `INSERT INTO api_keys (id, user_id, name, hash, scopes, expires_at)
     SELECT gen_random_uuid(), $1, 'x', sha256(random()::text::bytea), '{read}', now() + interval '1 day'
     FROM generate_series(1, 50)`,
    [person.userId],
  );
  const send = () =>
    postJson(`${one.url}/api/v1/auth/api-keys`, { name: "one more", scopes: ["read"] }, bearer(person));
  assert.equal((await send()).status, 409);
  await query(database, "UPDATE api_keys SET expires_at = now() WHERE user_id = $1", [person.userId]);
  assert.equal((await send()).status, 201);
});

test("all instances together limit the requests of a key per minute, and each answer has the number of remaining requests", async () => {
  const person = await register(one.url);
  const key = await createKey(person, { scopes: ["read"] });
  await waitForEarlyMinute();
  const first = await properties(one.url, key);
  assert.equal(first.headers["ratelimit-policy"], `"api-key";q=${perMinute};w=60`);
  assert.match(String(first.headers["ratelimit"]), new RegExp(`^"api-key";r=${perMinute - 1};t=[1-6]?[0-9]$`));
  // Another instance reads the common count when it gets its first request.
  await properties(two.url, key);
  const remainingRequests = async () =>
    Number(/r=(\d+)/.exec(String((await properties(two.url, key)).headers["ratelimit"]))?.[1]);
  await eventually(remainingRequests, (count) => count <= perMinute - 3);
  let sent = 0;
  const send = () => properties((sent++ % 2 ? one : two).url, key);
  const answer = await eventually(send, ({ status }) => status === 429, 20_000, 0);
  // Requests do not wait for the common count, so a few more may pass. Without it, each instance would allow as many.
  assert.ok(sent < 1.5 * perMinute, `${sent} requests until the first was refused`);
  await eventually(send, ({ status }) => status === 429, 20_000, 0);
  assert.match(String(answer.headers["retry-after"]), /^[1-6]?[0-9]$/);
  assert.match(String(answer.headers["ratelimit"]), /^"api-key";r=0;t=/);
  assert.equal(answer.headers["retry-after"], /t=(\d+)/.exec(String(answer.headers["ratelimit"]))?.[1]);
  const other = await createKey(person, { scopes: ["read"] });
  assert.equal((await properties(one.url, other)).status, 200, "another key of the same user has its own limit");
  assert.equal(
    (await ask(`${one.url}/api/v1/properties`, { headers: bearer(person) })).headers["ratelimit"],
    undefined,
  );
});

/** The count of requests starts again with each minute. Waits until at least 20 s of the minute remain. */
const waitForEarlyMinute = () =>
  eventually(
    async () => Date.now() % 60_000,
    (ms) => ms < 40_000,
    30_000,
  );

test("while Redis fails, an instance counts only its own requests, and no request waits for Redis", async () => {
  let nowMs = 60_000_000;
  const failing = { write: () => Promise.reject(new AppError("unavailable", "x")) } as unknown as RedisAccess;
  const silent = { write: () => new Promise(() => undefined) } as unknown as RedisAccess;
  for (const redis of [failing, silent]) {
    const limit = createKeyLimit({ redis, perMinute: 3, now: () => nowMs });
    const headers = new Map<string, unknown>();
    const response = { setHeader: (name: string, value: unknown) => headers.set(name, value) as never };
    for (const remaining of [2, 1, 0]) {
      limit.count("a key", response);
      assert.equal(headers.get("RateLimit"), `"api-key";r=${remaining};t=60`);
      await Promise.resolve();
    }
    assert.throws(() => limit.count("a key", response), { code: "rate_limited" });
    nowMs += 60_000;
    limit.count("a key", response);
  }
});

test("a stream that was opened with a key ends after the key is revoked", async () => {
  const [fast] = await startPair({ STREAM_SESSION_CHECK_MS: "100" });
  const person = await register(fast.url);
  const created = await postJson(
    `${fast.url}/api/v1/auth/api-keys`,
    { name: "reader", scopes: ["read"] },
    bearer(person),
  );
  const { id, key } = created.json() as Key;
  const stream = ask(`${fast.url}/api/v1/stream`, { headers: withKey({ key }) });
  await eventually(
    async () => (await ask(`${fast.url}/metrics`)).text,
    (text) => /^streams_open 1$/m.test(text),
  );
  const url = `${fast.url}/api/v1/auth/api-keys/${id}`;
  assert.equal((await ask(url, { method: "DELETE", headers: bearer(person) })).status, 204);
  assert.equal((await stream).status, 200);
});

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { eventually } from "../../shared/eventually.ts";
import { without } from "../../shared/programs.ts";
import { ask } from "../../shared/requests/http.ts";
import { bearer, logout, me, register, type SignedIn } from "../../shared/requests/people.ts";
import {
  askRedis,
  type RedisServer,
  startRedisCluster,
  startRedisServer,
} from "../../shared/servers/stores/redis-servers.ts";
import type { Haven } from "../../support/haven.ts";
import { metric } from "../../support/metric.ts";
import { startPair } from "../../support/two-instances.ts";

const skip = without("redis-server");

let server: RedisServer;
let one: Haven;
let two: Haven;
before(async () => {
  if (skip !== false) return;
  server = await startRedisServer(["tracking-table-max-keys 0"]);
  [one, two] = await startPair({ REDIS_URL: server.url });
});

const waitUntilCacheIsOn = (haven: Haven) =>
  eventually(
    () => metric(haven.url, "session_cache_on"),
    (value) => value === 1,
    15_000,
  );

const lookUpCount = (haven: Haven, result: "hit" | "miss") =>
  metric(haven.url, `session_cache_lookups_total{result="${result}"}`);

/** Returns the number of scripts that Redis has run. */
async function scriptsRun(port = server.port): Promise<number> {
  const stats = String(await askRedis(port, "info", "commandstats"));
  const calls = stats.matchAll(/^cmdstat_eval(?:sha)?:calls=(\d+)/gm);
  return [...calls].reduce((sum, [, number]) => sum + Number(number), 0);
}

/** Sends requests with the session until the instance finds it in its cache. */
async function waitUntilCached(haven: Haven, person: SignedIn): Promise<void> {
  await waitUntilCacheIsOn(haven);
  await eventually(async () => {
    const before = await lookUpCount(haven, "hit");
    assert.equal((await me(haven.url, person)).status, 200);
    return (await lookUpCount(haven, "hit")) > before;
  }, Boolean);
}

const keyOf = ({ userId, sessionId }: SignedIn) => `haven:{${userId}}:session:${sessionId}`;

const waitUntilRefused = (haven: Haven, person: SignedIn, withinMs: number) =>
  eventually(
    () => me(haven.url, person),
    ({ status }) => status === 401,
    withinMs,
    5,
  );

test("an authenticated GET with a cached session sends no command to Redis, with a token and with a cookie", {
  skip,
}, async () => {
  const person = await register(one.url);
  await waitUntilCached(one, person);
  // The health checks also run scripts, so the test allows the number of scripts that the checks can run in that time.
  const before = await scriptsRun();
  const startedAt = performance.now();
  for (let index = 0; index < 100; index += 1) {
    assert.equal((await me(one.url, person)).status, 200);
    assert.equal((await ask(`${one.url}/api/v1/auth/me`, { headers: { cookie: person.cookie } })).status, 200);
  }
  const maxScriptsOfChecks = ((performance.now() - startedAt) / 2000 + 1) * 2 * 8;
  const scripts = (await scriptsRun()) - before;
  assert.ok(
    scripts <= maxScriptsOfChecks,
    `${scripts} scripts for 200 requests; the checks run at most ${maxScriptsOfChecks}`,
  );
});

const changes: Readonly<Record<string, (person: SignedIn) => Promise<unknown>>> = {
  "a script that deletes the session": (person) =>
    askRedis(server.port, "eval", "return redis.call('DEL', KEYS[1])", 1, keyOf(person)),
  "a script that changes the session": (person) =>
    askRedis(server.port, "eval", "return redis.call('HSET', KEYS[1], 'suspended', 1)", 1, keyOf(person)),
  "the expiry of the key": (person) => askRedis(server.port, "pexpire", keyOf(person), 50),
  FLUSHALL: () => askRedis(server.port, "flushall"),
  FLUSHDB: () => askRedis(server.port, "flushdb", "async"),
};
for (const [name, change] of Object.entries(changes)) {
  test(`a cached session is refused after ${name}`, { skip }, async () => {
    const person = await register(one.url);
    await waitUntilCached(one, person);
    await change(person);
    await waitUntilRefused(one, person, 1000);
  });
}

test("CLIENT KILL and a restart of Redis empty the cache, and the cache is used again afterwards", {
  skip,
}, async () => {
  const person = await register(one.url);
  await waitUntilCached(one, person);
  // Deletes the session and then closes the connections, so that a report of the change may be lost.
  await askRedis(server.port, "eval", "redis.call('DEL', KEYS[1])", 1, keyOf(person));
  await askRedis(server.port, "client", "kill", "type", "normal");
  await askRedis(server.port, "client", "kill", "type", "pubsub");
  await eventually(
    () => me(one.url, person),
    ({ status }) => status === 401,
    5000,
  );
  const next = await registerAfterReconnect();
  await waitUntilCached(one, next);

  await server.stop();
  await eventually(
    () => metric(one.url, "session_cache_on"),
    (value) => value === 0,
    2000,
  );
  assert.equal(await metric(one.url, "session_cache_entries"), 0);
  await server.start();
  await eventually(
    () => me(one.url, next),
    ({ status }) => status === 401,
    5000,
  );
  await waitUntilCached(one, await registerAfterReconnect());
});

/** Registers a person as soon as Redis is connected again. */
async function registerAfterReconnect() {
  const person = await eventually(
    () => register(one.url).catch(() => undefined),
    (registered) => registered !== undefined,
    10_000,
  );
  return person ?? assert.fail();
}

test("with a full tracking table in Redis, no revoked session is accepted, although sessions are looked up more often", {
  skip,
}, async () => {
  await askRedis(server.port, "config", "set", "tracking-table-max-keys", 3);
  try {
    const people = await Promise.all(Array.from({ length: 8 }, () => register(one.url)));
    await waitUntilCacheIsOn(one);
    const before = await metric(one.url, "session_cache_invalidations_total");
    for (const person of people) assert.equal((await me(one.url, person)).status, 200);
    await eventually(
      () => metric(one.url, "session_cache_invalidations_total"),
      (value) => value > before,
    );
    for (const person of people) {
      assert.equal((await logout(two.url, person)).status, 204);
      await waitUntilRefused(one, person, 1000);
    }
  } finally {
    await askRedis(server.port, "config", "set", "tracking-table-max-keys", 0);
  }
});

test("while Redis refuses writes, requests of cached and of other sessions are served", { skip }, async () => {
  const [person, other] = [await register(one.url), await register(one.url)];
  await waitUntilCached(one, person);
  await askRedis(server.port, "config", "set", "maxmemory", 1);
  try {
    assert.equal((await me(one.url, person)).status, 200);
    assert.equal((await me(one.url, other)).status, 200);
    assert.equal(await metric(one.url, "session_cache_on"), 1);
  } finally {
    await askRedis(server.port, "config", "set", "maxmemory", 0);
  }
});

test("a session in use stays active, and its time of last use is updated", { skip }, async () => {
  const [brief] = await startPair({ REDIS_URL: server.url, SESSION_TTL: "4" });
  const person = await register(brief.url);
  await waitUntilCached(brief, person);
  const usedUntil = performance.now() + 6000;
  while (performance.now() < usedUntil) {
    assert.equal((await me(brief.url, person)).status, 200, "the idle time has not passed");
  }
  const list = await ask(`${brief.url}/api/v1/auth/sessions`, { headers: bearer(person) });
  const [session] = (list.json() as { items: { lastSeenAt: string }[] }).items;
  // The server updates the time of last use after a quarter of the idle time.
  assert.ok(Date.now() - Date.parse(session?.lastSeenAt ?? "") < 2000, list.text);
  await eventually(
    () => askRedis(server.port, "exists", keyOf(person)),
    (exists) => exists === 0,
    15_000,
  );
  assert.equal((await me(brief.url, person)).status, 401);
});

test("with a Redis that cannot report changes the cache stays off, and a metric gives the reason", {
  skip,
}, async () => {
  const limited = await startRedisServer(["user default on nopass ~* &* +@all -client|tracking"]);
  const [haven] = await startPair({ REDIS_URL: limited.url });
  await eventually(
    () => metric(haven.url, 'session_cache_off_reason{reason="unsupported"}'),
    (value) => value === 1,
  );
  const person = await register(haven.url);
  assert.equal((await me(haven.url, person)).status, 200);
  assert.equal((await logout(haven.url, person)).status, 204);
  assert.equal((await me(haven.url, person)).status, 401);
});

test("with a Redis Cluster the cache stays off, and one log line gives the reason", { skip }, async () => {
  const cluster = await startRedisCluster();
  const [haven] = await startPair({ REDIS_CLUSTER_NODES: cluster.nodes, REDIS_URL: "" });
  assert.deepEqual(
    haven.logs.filter(({ msg }) => msg === "session cache off").map(({ reason }) => reason),
    ["cluster"],
  );
  assert.equal(await metric(haven.url, 'session_cache_off_reason{reason="cluster"}'), 1);
  const person = await register(haven.url);
  assert.equal((await me(haven.url, person)).status, 200);
  assert.equal((await logout(haven.url, person)).status, 204);
  assert.equal((await me(haven.url, person)).status, 401);
});

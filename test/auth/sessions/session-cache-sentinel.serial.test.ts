import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../shared/eventually.ts";
import { without } from "../../shared/programs.ts";
import { login, logout, me, register, type SignedIn } from "../../shared/requests/people.ts";
import { startRedisSentinel } from "../../shared/servers/stores/redis-servers.ts";
import type { Haven } from "../../support/haven.ts";
import { metric } from "../../support/metric.ts";
import { startPair } from "../../support/two-instances.ts";

const cacheHits = (haven: Haven) => metric(haven.url, 'session_cache_lookups_total{result="hit"}');

async function waitUntilCached(haven: Haven, person: SignedIn): Promise<void> {
  await eventually(
    async () => {
      const before = await cacheHits(haven);
      assert.equal((await me(haven.url, person)).status, 200);
      return (await cacheHits(haven)) > before;
    },
    Boolean,
    15_000,
  );
}

test("with Sentinel sessions are cached and a logout ends a session on all instances at once, before and after a failover", {
  skip: without("redis-server"),
}, async () => {
  const group = await startRedisSentinel();
  const [one, two] = await startPair({
    REDIS_URL: "",
    REDIS_SENTINELS: group.sentinels,
    REDIS_SENTINEL_NAME: group.name,
    HEALTH_CHECK_INTERVAL: "500",
  });
  const person = await register(one.url);
  const assertLogout = async () => {
    const session = await login(one.url, person);
    for (const instance of [one, two]) await waitUntilCached(instance, session);
    assert.equal((await logout(one.url, session)).status, 204);
    for (const instance of [one, two]) assert.equal((await me(instance.url, session)).status, 401);
  };
  await assertLogout();

  const earlier = await login(one.url, person);
  for (const instance of [one, two]) await waitUntilCached(instance, earlier);
  await group.failover();
  for (const instance of [one, two]) {
    await eventually(
      () => metric(instance.url, "session_cache_on"),
      (value) => value === 1,
      15_000,
    );
  }
  await eventually(
    () => login(one.url, person).catch(() => undefined),
    (session) => session !== undefined,
    10_000,
  );
  await assertLogout();
  // A session that was cached before the failover is revoked like any other session.
  assert.equal((await logout(two.url, earlier)).status, 204);
  for (const instance of [one, two]) assert.equal((await me(instance.url, earlier)).status, 401);
});

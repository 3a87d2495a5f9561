import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../shared/eventually.ts";
import { without } from "../../shared/programs.ts";
import { ask } from "../../shared/requests/http.ts";
import { bearer, logout, sameSecret } from "../../shared/requests/people.ts";
import { type OpenStream, openStream } from "../../shared/requests/stream.ts";
import { startRedisCluster, startRedisSentinel } from "../../shared/servers/stores/redis-servers.ts";
import { type FaultyHaven, startFaultyHaven } from "../../support/faulty-haven.ts";
import {
  createRequest,
  insertWithoutNotification,
  newOwner,
  type Owner,
  writeMany,
} from "../../support/fixtures/maintenance-fixtures.ts";
import { type Haven, startHaven } from "../../support/haven.ts";
import { startPair } from "../../support/two-instances.ts";

const pollMs = 300;

/** Starts an instance whose connections can be broken, and one without faults. */
async function startWithHealthyPeer(env: Record<string, string> = {}): Promise<[FaultyHaven, Haven]> {
  const times = { STREAM_POLL_MS: String(pollMs), STREAM_HEARTBEAT_MS: "300", STREAM_SESSION_CHECK_MS: "300" };
  const faulty = await startFaultyHaven({ env: { ...sameSecret, ...times, ...env } });
  const shared = { DATABASE_URL: faulty.databaseUrl, REDIS_URL: faulty.redisUrl };
  return [faulty, await startHaven({ env: { ...sameSecret, ...shared } })];
}

const assertPositionsUpTo = (stream: OpenStream, count: number) =>
  assert.deepEqual(
    stream.events.map(({ position }) => position),
    Array.from({ length: count }, (_, index) => index + 1),
  );

// These tests mostly wait, so they run concurrently.
describe("the stream", { concurrency: 6 }, () => {
  for (const fault of ["refuse", "hole"] as const) {
    test(`with Redis unavailable (${fault}) sends events by polling, also to new streams, and gets notifications again after the recovery`, async () => {
      const [faulty, healthy] = await startWithHealthyPeer();
      const owner = await newOwner(healthy.url);
      const stream = await openStream(faulty.url, owner);
      await faulty.redis.set(fault);
      await createRequest(healthy.url, owner);
      await stream.until(1, pollMs + 1000);
      await createRequest(faulty.url, owner);
      await stream.until(2, 200);
      const opened = await openStream(faulty.url, owner, { lastEventId: 0 });
      await opened.until(2);
      await sleep(800);
      assert.deepEqual(
        [stream.isClosed(), opened.isClosed()],
        [false, false],
        "the streams stay open, because their session has not ended",
      );

      await faulty.redis.set("pass");
      await faulty.until("redis", "up", 4000);
      await createRequest(healthy.url, owner);
      await Promise.all([stream.until(3), opened.until(3)]);
      assertPositionsUpTo(stream, 3);
      assertPositionsUpTo(opened, 3);
    });
  }

  test("stays open while Postgres is unavailable, and sends the missed events afterwards", async () => {
    const [faulty, healthy] = await startWithHealthyPeer();
    const owner = await newOwner(healthy.url);
    await writeMany(faulty.databaseUrl, owner, 150, 5000);
    const stream = await openStream(faulty.url, owner, { lastEventId: 0 });
    await stream.until(150);
    const late = await openStream(faulty.url, owner, { lastEventId: 0 });
    await faulty.postgres.set("refuse");
    const heartbeats = stream.heartbeats();
    await createRequest(healthy.url, owner);
    await writeMany(faulty.databaseUrl, owner, 120, 100);
    await eventually(stream.heartbeats, (count) => count > heartbeats + 2);
    const refused = await ask(`${faulty.url}/api/v1/stream`, { headers: bearer(owner) });
    assert.equal(refused.status, 503);
    assert.equal(stream.events.length, 150);

    await faulty.postgres.set("pass");
    await Promise.all([stream.until(271), late.until(271)]);
    for (const each of [stream, late]) assertPositionsUpTo(each, 271);
    assert.equal(stream.isClosed(), false);
  });

  test("sends an event without a notification within the poll interval", async () => {
    const [faulty, healthy] = await startWithHealthyPeer();
    const owner = await newOwner(healthy.url);
    const stream = await openStream(faulty.url, owner);
    await insertWithoutNotification(healthy, owner);
    await stream.until(1, pollMs + 300);
  });

  test("polls for missed events as soon as the connection to Redis is back", async () => {
    const [faulty, healthy] = await startWithHealthyPeer({ STREAM_POLL_MS: "60000" });
    const owner = await newOwner(healthy.url);
    const stream = await openStream(faulty.url, owner);
    await faulty.redis.set("refuse");
    await insertWithoutNotification(healthy, owner);
    await sleep(300);
    assert.equal(stream.events.length, 0);
    await faulty.redis.set("pass");
    await stream.until(1, 3000);
    await createRequest(healthy.url, owner);
    await stream.until(2, 500);
  });

  test("ends after a revocation in Postgres while Redis is unavailable", async () => {
    const [faulty, healthy] = await startWithHealthyPeer();
    const owner = await newOwner(healthy.url);
    const stream = await openStream(faulty.url, owner);
    await faulty.redis.set("refuse");
    await sleep(500);
    assert.equal(stream.isClosed(), false);
    assert.equal((await logout(healthy.url, owner)).status, 204);
    assert.equal(await stream.closed, "ended");
  });

  test("ends if Postgres has lost events, and a new stream sends events whose positions were used before", async () => {
    const [faulty, healthy] = await startWithHealthyPeer();
    const owner = await newOwner(healthy.url);
    await insertWithoutNotification(healthy, owner, 3);
    const stream = await openStream(faulty.url, owner);
    await sleep(pollMs);
    await healthy.running.parts.db.query("DELETE FROM maintenance_events WHERE owner_id = $1 AND position > 1", [
      owner.userId,
    ]);
    await healthy.running.parts.db.query("UPDATE maintenance_event_heads SET position = 1 WHERE owner_id = $1", [
      owner.userId,
    ]);
    assert.equal(await stream.closed, "ended");
    const again = await openStream(faulty.url, owner, { lastEventId: stream.lastEventId() });
    await createRequest(healthy.url, owner);
    await again.until(1);
    assert.equal(again.events[0]?.position, 2);
  });
});

/** Asserts that events arrive without polling. Notifications may be lost until the first one arrives, but not later. */
async function assertNotified([one, two]: [Haven, Haven], owner: Owner): Promise<void> {
  const stream = await openStream(two.url, owner, { lastEventId: 0 });
  const writeOne = async () => {
    await createRequest(one.url, owner);
    await sleep(100);
    return stream.events.length;
  };
  const received = await eventually(writeOne, (count) => count > 0, 15_000);
  for (let more = 1; more <= 5; more += 1) {
    await createRequest(one.url, owner);
    await stream.until(received + more, 1000);
  }
}

const withoutPolling = { REDIS_URL: "", STREAM_POLL_MS: "60000" };

test("instances notify each other through a Redis Cluster", { skip: without("redis-server") }, async () => {
  const cluster = await startRedisCluster();
  const pair = await startPair({ ...withoutPolling, REDIS_CLUSTER_NODES: cluster.nodes });
  await assertNotified(pair, await newOwner(pair[0].url));
});

test("instances notify each other through Sentinel, also after a failover", {
  skip: without("redis-server"),
}, async () => {
  const group = await startRedisSentinel();
  const pair = await startPair({
    ...withoutPolling,
    REDIS_SENTINELS: group.sentinels,
    REDIS_SENTINEL_NAME: group.name,
  });
  await assertNotified(pair, await newOwner(pair[0].url));
  const other = await newOwner(pair[1].url);
  await group.failover();
  await assertNotified(pair, other);
});

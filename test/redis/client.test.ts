import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createRedis } from "../../src/redis/client.ts";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { startFaultProxy } from "../shared/servers/fault-proxy.ts";
import { freshRedis } from "../shared/servers/stores/redis.ts";
import { startRedisServer } from "../shared/servers/stores/redis-servers.ts";
import { startStopwatch } from "../shared/stopwatch.ts";

const limits = { connectTimeoutMs: 300, commandTimeoutMs: 150 };

function open(url: string) {
  const redis = createRedis({ kind: "url", url }, limits, "test");
  atEnd(() => redis.disconnect());
  return redis;
}

const isAnswering = async (redis: ReturnType<typeof open>) => (await redis.ping().catch(() => "")) === "PONG";

for (const fault of ["refuse", "hole", "reset"] as const) {
  test(`with a broken path to Redis (${fault}) commands fail in time, and succeed again after it is restored`, async () => {
    const proxy = await startFaultProxy(await freshRedis());
    const redis = open(proxy.url);
    await eventually(() => isAnswering(redis), Boolean);
    await proxy.set(fault);
    for (let times = 0; times < 3; times += 1) {
      const elapsedMs = startStopwatch();
      await redis.ping().catch(() => undefined);
      assert.ok(elapsedMs() < 400, "a command waited too long");
    }
    await proxy.set("pass");
    await eventually(() => isAnswering(redis), Boolean, 2500);
    await eventually(
      () => proxy.open(),
      (connections) => connections === 1,
    );
  });
}

test("if the database of the URL does not exist, no command runs in another one", async () => {
  const { url } = await startRedisServer();
  const other = open(url);
  const redis = open(`${url}/99`);
  await eventually(() => isAnswering(other), Boolean);
  for (let times = 0; times < 20; times += 1) {
    await redis.set("key", "value").catch(() => undefined);
    await sleep(50);
  }
  assert.equal(await other.dbsize(), 0);
});

test("without a connection no command is queued or sent twice", async () => {
  const url = await freshRedis();
  const proxy = await startFaultProxy(url);
  const redis = open(proxy.url);
  const direct = open(url);
  await eventually(async () => (await isAnswering(redis)) && (await isAnswering(direct)), Boolean);
  await proxy.set("refuse");
  await eventually(
    () => redis.status,
    (status) => status !== "ready",
  );
  await assert.rejects(redis.incr("counter"));
  await proxy.set("pass");
  await eventually(() => isAnswering(redis), Boolean, 2500);
  assert.equal(await direct.get("counter"), null);
});

test("a host and a port work like a URL", async () => {
  const { hostname, port } = new URL(await freshRedis());
  const redis = createRedis({ kind: "host", host: hostname, port: Number(port) }, limits, "test");
  atEnd(() => redis.disconnect());
  await eventually(() => isAnswering(redis), Boolean);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { RedisTarget } from "../../src/config/sections/store-settings.ts";
import { createRedis, type RedisClient } from "../../src/redis/client.ts";
import { defineLuaScript } from "../../src/redis/lua-script.ts";
import { createRedisPinger } from "../../src/redis/redis-pinger.ts";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { without } from "../shared/programs.ts";
import { askRedis, startRedisSentinel } from "../shared/servers/stores/redis-servers.ts";

const limits = { connectTimeoutMs: 300, commandTimeoutMs: 150 };
const maxWaitMs = 1000;
const skip = without("redis-server");
const script = defineLuaScript("redis.call('SET', KEYS[1], ARGV[1]) return redis.call('INCR', KEYS[2])");

async function open() {
  const servers = await startRedisSentinel();
  const sentinels = servers.sentinels.split(",").map((address) => {
    const { hostname, port } = new URL(`redis://${address}`);
    return { host: hostname, port: Number(port) };
  });
  const target: RedisTarget = { kind: "sentinel", sentinels, name: servers.name };
  const redis = createRedis(target, limits, "test");
  const pinger = createRedisPinger(target, limits);
  atEnd(() => {
    redis.disconnect();
    pinger.close();
  });
  await eventually(() => outcome(redis.ping()), isPong);
  return { servers, redis, target, ping: () => outcome(pinger.ping(AbortSignal.timeout(500)).then(() => "up")) };
}

const isPong = (answer: unknown) => answer === "PONG";

/** Returns the outcome of a command. Fails if the command does not end in time. */
async function outcome(work: Promise<unknown>, withinMs = maxWaitMs): Promise<unknown> {
  const done = new AbortController();
  const late = sleep(withinMs, "late", { signal: done.signal }).catch(() => "late");
  const end = await Promise.race([work.catch(String), late]);
  done.abort();
  assert.notEqual(end, "late", `still waiting after ${withinMs} ms`);
  return end;
}

/** Returns the time at which a write succeeds again. Every command until then must end in time. */
async function whenWritable(redis: RedisClient): Promise<number> {
  const write = () => outcome(script(redis, ["haven:{ada}:after", "haven:{ada}:count"], ["written"]));
  await eventually(write, (answer) => typeof answer === "number", 10_000);
  return performance.now();
}

async function writeReplicated(redis: RedisClient): Promise<void> {
  await redis.set("haven:{ada}:before", "kept");
  assert.equal(await redis.wait(1, 100), 1);
}

test("commands, scripts and pings find the primary through Sentinel, also while one Sentinel is frozen", {
  skip,
}, async () => {
  const { servers, redis, target, ping } = await open();
  servers.sentinelServers[0]?.freeze();
  const laterClient = createRedis(target, limits, "test");
  atEnd(() => laterClient.disconnect());
  await eventually(() => outcome(laterClient.ping()), isPong, 2000);
  assert.equal(await ping(), "up");
  for (const client of [redis, laterClient]) {
    assert.equal(typeof (await script(client, ["haven:{ada}:session", "haven:{ada}:count"], ["ada"])), "number");
    assert.equal(await client.get("haven:{ada}:session"), "ada");
  }
});

test("after a planned failover writes go to the new primary at once, and none is lost on the old one", {
  skip,
}, async () => {
  const { servers, redis, ping } = await open();
  await writeReplicated(redis);
  assert.equal(await ping(), "up");
  const old = await servers.primary();
  const primary = await servers.failover();
  assert.notEqual(primary.pid, old.pid);
  const failedOverAt = performance.now();
  await eventually(
    () => findAnsweringNode(redis),
    (port) => port === primary.port,
    1500,
  );
  assert.ok((await whenWritable(redis)) - failedOverAt < 1500);
  await eventually(ping, (answer) => answer === "up", 1500);
  assert.equal(await askRedis(primary.port, "get", "haven:{ada}:after"), "written");
  assert.equal(await redis.get("haven:{ada}:before"), "kept");
});

for (const fault of ["killed", "frozen"] as const) {
  test(`writes succeed again soon after the primary is ${fault}, and replicated data is kept`, {
    skip,
  }, async () => {
    const { servers, redis, ping } = await open();
    await writeReplicated(redis);
    assert.equal(await ping(), "up");
    const old = await servers.primary();
    const startedAt = performance.now();
    if (fault === "killed") await old.stop();
    else old.freeze();
    assert.match(String(await outcome(redis.incr("lost"))), /Error/);
    assert.match(String(await ping()), /Error/);
    const primaryNamedAt = servers.nextPrimary(old).then(() => performance.now());
    const writableAt = await whenWritable(redis);
    const waitMs = writableAt - startedAt;
    assert.ok(writableAt - (await primaryNamedAt) < 1500, "a write succeeded long after Sentinel had named a primary");
    assert.ok(waitMs < 5000, `a write succeeded only after ${waitMs} ms`);
    await eventually(ping, (answer) => answer === "up", 1500);
    assert.equal(await redis.get("haven:{ada}:before"), "kept");
  });
}

test("each of a hundred clients finds the new primary, whatever the client is doing when Sentinel announces the failover", {
  skip,
}, async () => {
  const { servers, target } = await open();
  const clients = Array.from({ length: 100 }, () => createRedis(target, limits, "test"));
  atEnd(() => clients.map((client) => client.disconnect()));
  const answers = async () => (await Promise.all(clients.map((client) => outcome(client.ping())))).every(isPong);
  await eventually(answers, Boolean);
  const old = await servers.killPrimary();
  await servers.nextPrimary(old);
  await eventually(answers, Boolean, 3000);
});

async function findAnsweringNode(redis: RedisClient): Promise<number> {
  const info = await outcome(redis.info("server"));
  return Number(/tcp_port:(\d+)/.exec(String(info))?.[1]);
}

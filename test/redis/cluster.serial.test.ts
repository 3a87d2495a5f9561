import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { RedisTarget } from "../../src/config/sections/store-settings.ts";
import { createRedis, type RedisClient } from "../../src/redis/client.ts";
import { defineLuaScript } from "../../src/redis/lua-script.ts";
import { createRedisPinger } from "../../src/redis/redis-pinger.ts";
import { createSessionChecks } from "../../src/sessions/session-checks.ts";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { freePort } from "../shared/free-port.ts";
import { has, without } from "../shared/programs.ts";
import {
  askRedis,
  type RedisServer,
  startRedisCluster,
  startRedisServer,
} from "../shared/servers/stores/redis-servers.ts";

const limits = { connectTimeoutMs: 300, commandTimeoutMs: 150 };
const maxWaitMs = 1000;
const slotShare = Math.ceil(16_384 / 3);
const skip = without("redis-server");
const cluster = has("redis-server") ? await startRedisCluster() : undefined;
const userIds = Array.from({ length: 200 }, (_, number) => `user-${number}`);
const sessionOf = (userId: string) => `haven:{${userId}}:session:1`;
const indexOf = (userId: string) => `haven:{${userId}}:sessions`;

function target(): RedisTarget {
  return { kind: "cluster", nodes: (cluster?.ports ?? []).map((port) => ({ host: "127.0.0.1", port })) };
}

async function open(): Promise<RedisClient> {
  const redis = createRedis(target(), limits, "test");
  atEnd(() => redis.disconnect());
  await untilComplete(redis);
  return redis;
}

function openPinger() {
  const pinger = createRedisPinger(target(), limits);
  atEnd(() => pinger.close());
  return pinger;
}

const untilComplete = (redis: RedisClient) =>
  eventually(
    async () => (await Promise.allSettled(userIds.map((id) => redis.get(indexOf(id))))).every(isAnswer),
    Boolean,
  );

const isAnswer = ({ status }: PromiseSettledResult<unknown>) => status === "fulfilled";

/** Returns the outcome of a command. Fails if the command does not end in time. */
async function outcome(work: Promise<unknown>, withinMs = maxWaitMs): Promise<unknown> {
  const done = new AbortController();
  const late = sleep(withinMs, "late", { signal: done.signal }).catch(() => "late");
  const end = await Promise.race([work.catch(String), late]);
  done.abort();
  assert.notEqual(end, "late", `still waiting after ${withinMs} ms`);
  return end;
}

const isUp = (answer: string) => answer === "up";

const ping = (pinger: ReturnType<typeof openPinger>) =>
  pinger.ping(AbortSignal.timeout(500)).then(
    () => "up",
    (error: unknown) => `down: ${error}`,
  );

const servers = cluster?.servers ?? [];

async function slotOf(key: string): Promise<number> {
  return Number(await askRedis(servers[0]?.port ?? 0, "cluster", "keyslot", key));
}

/** Returns the node with the middle slots, the users whose keys it holds, and the users of the other nodes. */
async function splitUsersByNode(): Promise<{ server: RedisServer; onNode: string[]; elsewhere: string[] }> {
  const [, server] = servers;
  assert.ok(server);
  const some = userIds.slice(0, 30);
  const slots = await Promise.all(some.map((id) => slotOf(indexOf(id))));
  const isOnNode = (_: string, index: number) => Math.floor((slots[index] ?? 0) / slotShare) === 1;
  return { server, onNode: some.filter(isOnNode), elsewhere: some.filter((id, index) => !isOnNode(id, index)) };
}

const forEachNode = (...command: [string, ...(string | number)[]]) =>
  Promise.all(servers.map(({ port }) => askRedis(port, ...command)));

test("keys of two hundred users are written to and read from all nodes", { skip }, async () => {
  const redis = await open();
  await forEachNode("flushall");
  await Promise.all(userIds.map((id) => redis.set(sessionOf(id), id)));
  assert.deepEqual(await Promise.all(userIds.map((id) => redis.get(sessionOf(id)))), userIds);
  const sizes = (await forEachNode("dbsize")).map(Number);
  assert.ok(
    sizes.every((size) => size > 30),
    `the keys are spread as ${sizes}`,
  );
});

test("a script works on two keys of one user, whichever node holds them", { skip }, async () => {
  const redis = await open();
  await forEachNode("script", "flush");
  const script = defineLuaScript("redis.call('SET', KEYS[1], ARGV[1]) return {redis.call('INCR', KEYS[2]), ARGV[1]}");
  const counter = (id: string) => `haven:{${id}}:counter`;
  const run = () => Promise.all(userIds.map((id) => script(redis, [sessionOf(id), counter(id)], [id])));
  assert.deepEqual(
    await run(),
    userIds.map((id) => [1, id]),
  );
  assert.deepEqual(
    await run(),
    userIds.map((id) => [2, id]),
  );
  await assert.rejects(script(redis, ["a", "b"], ["x"]), /CROSSSLOT/);
});

test("while the client connects, commands succeed or fail at once", { skip }, async () => {
  const redis = createRedis(target(), limits, "test");
  atEnd(() => redis.disconnect());
  const round = async () => {
    const ends = await Promise.all(userIds.map((id) => outcome(redis.set(sessionOf(id), id), 200)));
    return ends.every((end) => end === "OK");
  };
  await eventually(round, Boolean, 1000, 1);
});

test("a pinger that is closed at any moment settles its ping and leaves no connection", { skip }, async () => {
  for (const delayMs of [0, 1, 3, 10]) {
    const pinger = openPinger();
    const answer = outcome(ping(pinger));
    await sleep(delayMs);
    pinger.close();
    assert.match(String(await answer), /^up|^down/);
  }
});

test("commands follow a slot while it moves to another node, and afterwards", { skip }, async () => {
  const redis = await open();
  const key = "haven:{moving}:session:1";
  const slot = await slotOf(key);
  const owner = Math.floor(slot / slotShare);
  const [from, to] = [servers[owner], servers[(owner + 1) % servers.length]];
  assert.ok(from && to);
  await redis.set(key, "here");
  const [fromId, toId] = await Promise.all(
    [from, to].map(async ({ port }) => String(await askRedis(port, "cluster", "myid"))),
  );
  assert.ok(fromId && toId);
  await askRedis(to.port, "cluster", "setslot", slot, "importing", fromId);
  await askRedis(from.port, "cluster", "setslot", slot, "migrating", toId);
  await askRedis(from.port, "migrate", "127.0.0.1", to.port, key, 0, 1000);
  assert.equal(await redis.get(key), "here", "by ASK");
  assert.match(String(await outcome(redis.mget(key, "haven:{moving}:missing"))), /TRYAGAIN|timed out/);
  to.freeze();
  assert.match(String(await outcome(redis.get(key))), /Error/, "by ASK, to a node that is frozen");
  await sleep(limits.commandTimeoutMs * 2);
  to.thaw();
  await eventually(
    () => outcome(redis.get(key)),
    (answer) => answer === "here",
  );
  for (const { port } of [to, from, ...servers]) await askRedis(port, "cluster", "setslot", slot, "node", toId);
  assert.equal(await redis.get(key), "here", "by MOVED");
});

test("the ping fails while the cluster rejects commands, and succeeds after a restart of the killed node", {
  skip,
}, async () => {
  const redis = await open();
  const pinger = openPinger();
  assert.equal(await ping(pinger), "up");
  const { server, onNode, elsewhere } = await splitUsersByNode();
  await server.stop();
  const round = async () => {
    assert.match(await ping(pinger), /down/);
    assert.match(String(await outcome(redis.get(sessionOf(onNode[0] ?? "")))), /Error/);
    return outcome(redis.get(sessionOf(elsewhere[0] ?? "")));
  };
  await eventually(round, (end) => String(end).includes("CLUSTERDOWN"), 15_000, 50);
  await server.start();
  await eventually(() => ping(pinger), isUp, 15_000, 50);
  await untilComplete(redis);
  assert.equal(await ping(pinger), "up");
});

test("the first check of a cluster succeeds if the settings name only one of its nodes", { skip }, async () => {
  const [port = 0] = cluster?.ports ?? [];
  const oneNode: RedisTarget = { kind: "cluster", nodes: [{ host: "127.0.0.1", port }] };
  const { read, write } = createSessionChecks();
  for (const prove of [read, write]) {
    const pinger = createRedisPinger(oneNode, limits, prove);
    atEnd(() => pinger.close());
    assert.equal(await ping(pinger), "up");
  }
});

test("while a node is frozen, commands for its keys fail in time, others succeed, and the ping fails", {
  skip,
}, async () => {
  await forEachNode("config", "set", "cluster-require-full-coverage", "no");
  const redis = await open();
  const pinger = openPinger();
  assert.equal(await ping(pinger), "up");
  const { server, onNode, elsewhere } = await splitUsersByNode();
  server.freeze();
  const until = performance.now() + 3000;
  while (performance.now() < until) {
    const [lost, kept] = await Promise.all([
      Promise.all(onNode.map((id) => outcome(redis.get(sessionOf(id))))),
      Promise.all(elsewhere.map((id) => outcome(redis.set(sessionOf(id), id)))),
    ]);
    for (const end of lost) assert.match(String(end), /Error/);
    for (const end of kept) assert.equal(end, "OK");
    assert.match(await ping(pinger), /down/);
    await sleep(20);
  }
  server.thaw();
  await untilComplete(redis);
  await eventually(() => ping(pinger), isUp);
});

test("a command that failed is not sent again when its node responds again", { skip }, async () => {
  const redis = await open();
  const { server, onNode } = await splitUsersByNode();
  const counter = `haven:{${onNode[0]}}:count`;
  for (const [round, thawAfterMs] of [100, 200, 300].entries()) {
    server.freeze();
    assert.match(String(await outcome(redis.incr(counter))), /timed out/);
    await sleep(thawAfterMs);
    server.thaw();
    // Longer than the time after which ioredis would send a command again.
    await sleep(300);
    await untilComplete(redis);
    assert.ok(Number(await redis.get(counter)) <= round + 1, "a command was sent twice");
  }
});

test("clients connect again after all nodes of a cluster were stopped and started", { skip }, async () => {
  const own = await startRedisCluster();
  const nodes = own.ports.map((port) => ({ host: "127.0.0.1", port }));
  const clients = Array.from({ length: 10 }, () => createRedis({ kind: "cluster", nodes }, limits, "test"));
  atEnd(() => clients.map((client) => client.disconnect()));
  for (const redis of clients) await untilComplete(redis);
  await own.stop();
  await sleep(1500);
  for (const server of own.servers) await server.start();
  await own.allReady();
  for (const redis of clients) await untilComplete(redis);
});

test("the ping fails if the only node of a cluster announces no address", { skip }, async () => {
  const alone = await startRedisServer(["cluster-enabled yes", `cluster-port ${await freePort()}`]);
  await askRedis(alone.port, "cluster", "addslotsrange", 0, 16_383);
  const target: RedisTarget = { kind: "cluster", nodes: [{ host: "127.0.0.1", port: alone.port }] };
  const pinger = createRedisPinger(target, limits);
  atEnd(() => pinger.close());
  await assert.rejects(pinger.ping(AbortSignal.timeout(1000)));
  // With an address the cluster can be used.
  await askRedis(alone.port, "config", "set", "cluster-announce-ip", "127.0.0.1");
  // Valkey 8.1 repeats its former list of slots until a slot moves.
  for (const change of ["delslots", "addslots"]) await askRedis(alone.port, "cluster", change, 0);
  const check = () =>
    pinger.ping(AbortSignal.timeout(500)).then(
      () => "up",
      () => "down",
    );
  await eventually(check, isUp, 5000, 100);
});

import assert from "node:assert/strict";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { eventually } from "../shared/eventually.ts";
import { ask, postJson } from "../shared/requests/http.ts";
import { login, me, refresh, register, type SignedIn, sameSecret } from "../shared/requests/people.ts";
import {
  askRedis,
  type RedisServer,
  startRedisCluster,
  startRedisServer,
} from "../shared/servers/stores/redis-servers.ts";
import { startStopwatch } from "../shared/stopwatch.ts";
import { type Haven, startHaven } from "../support/haven.ts";
import {
  assertCannotWrite,
  assertRefusedBeforeBody,
  codeOf,
  createProperty,
  detectionTimeMs,
  falseReadyTime,
  intervalMs,
  limits,
  listProperties,
  medianMs,
  readyStatus,
  reportOf,
  statesDuring,
  timeoutMs,
} from "./support/observe.ts";

// Redis responds, but cannot do a part of its work. The tests cover responses to users, probes and the recovery.

async function startSignedIn(env: Record<string, string>): Promise<{ haven: Haven; person: SignedIn }> {
  const haven = await startHaven({ env: { ...sameSecret, ...limits, ...env } });
  return { haven, person: await register(haven.url) };
}

type Case = {
  condition: string;
  reason: string;
  options?: readonly string[];
  fault(server: RedisServer): Promise<unknown>;
  heal(server: RedisServer): Promise<unknown>;
};

const config = (server: RedisServer, name: string, value: string) =>
  askRedis(server.port, "config", "set", name, value);

const snapshotOf = async ({ port }: RedisServer): Promise<string> => {
  const found = await askRedis(port, "config", "get", "dir");
  return join(Array.isArray(found) ? String(found[1]) : "", "dump.rdb");
};

const cases: readonly Case[] = [
  {
    condition: "is out of memory",
    reason: "out_of_memory",
    fault: (server) => config(server, "maxmemory", "1"),
    heal: (server) => config(server, "maxmemory", "0"),
  },
  {
    condition: "lacks the replicas that a write requires",
    reason: "no_replicas",
    fault: (server) => config(server, "min-replicas-to-write", "1"),
    heal: (server) => config(server, "min-replicas-to-write", "0"),
  },
  {
    condition: "cannot save its snapshot",
    reason: "disk_full",
    options: ["save 3600 1000000"],
    async fault(server) {
      // A folder with the name of the snapshot prevents Redis from writing the snapshot.
      mkdirSync(join(await snapshotOf(server), "in-the-way"), { recursive: true });
      await askRedis(server.port, "set", "haven:test", "1");
      await askRedis(server.port, "bgsave");
      await eventually(
        async () => String(await askRedis(server.port, "info", "persistence")),
        (info) => info.includes("rdb_last_bgsave_status:err"),
      );
    },
    async heal(server) {
      rmSync(await snapshotOf(server), { recursive: true });
      await askRedis(server.port, "bgsave");
    },
  },
  {
    condition: "pauses writes",
    reason: "timeout",
    fault: (server) => askRedis(server.port, "client", "pause", 60_000, "write"),
    heal: (server) => askRedis(server.port, "client", "unpause"),
  },
];

for (const { condition, reason, options = [], fault, heal } of cases) {
  test(`a Redis that ${condition}: sessions are looked up, changes to sessions are rejected, and the probes report it`, async () => {
    const server = await startRedisServer(["maxmemory-policy noeviction", ...options]);
    const { haven, person } = await startSignedIn({ REDIS_URL: server.url });
    await fault(server);
    const { failed, falseReadyMs } = await falseReadyTime(haven, () => refresh(haven.url, person.refreshToken));
    assert.equal(failed.status, 503);
    assert.ok(falseReadyMs < detectionTimeMs, `the probes reported ready for ${falseReadyMs} ms`);
    await assertCannotWrite(haven, "redis", reason);

    const byCookie = await ask(`${haven.url}/api/v1/auth/me`, { headers: { cookie: person.cookie } });
    assert.deepEqual([byCookie.status, (await me(haven.url, person)).status], [200, 200]);
    assert.equal((await listProperties(haven, person)).status, 200);
    assert.equal((await createProperty(haven, person)).status, 201);
    assert.equal(codeOf(await refresh(haven.url, person.refreshToken)), "read_only");
    const refusedMs = await medianMs(() => assertRefusedBeforeBody(haven, "/api/v1/auth/login", {}));
    assert.ok(refusedMs < 50, `refused after ${refusedMs} ms`);

    await heal(server);
    const elapsedMs = startStopwatch(server.pid);
    await eventually(
      () => readyStatus(haven),
      (status) => status === "ready",
    );
    const recoveryMs = elapsedMs();
    assert.ok(recoveryMs < 2 * intervalMs + 2 * timeoutMs + 300, `healed after ${recoveryMs} ms`);
    assert.equal((await login(haven.url, person)).userId, person.userId);
  });
}

test("a Redis that became a replica is reported as not_primary, and sessions are looked up", async () => {
  const [server, other] = [await startRedisServer(), await startRedisServer()];
  const { haven, person } = await startSignedIn({ REDIS_URL: server.url });
  // A replica of an unreachable primary keeps and serves its data.
  await other.stop();
  await askRedis(server.port, "replicaof", "127.0.0.1", other.port);
  const { failed, falseReadyMs } = await falseReadyTime(haven, () => refresh(haven.url, person.refreshToken));
  assert.equal(codeOf(failed), "read_only");
  assert.ok(falseReadyMs < detectionTimeMs, `the probes reported ready for ${falseReadyMs} ms`);
  await assertCannotWrite(haven, "redis", "not_primary");
  assert.equal((await me(haven.url, person)).status, 200);
  await askRedis(server.port, "replicaof", "no", "one");
  await eventually(
    async () => (await refresh(haven.url, person.refreshToken)).status,
    (status) => status === 200,
  );
});

test("a Redis user without the right to run scripts is reported as forbidden", async () => {
  const server = await startRedisServer(["user app on >app-password ~* &* +@all"]);
  const url = `redis://app:app-password@127.0.0.1:${server.port}`;
  const { haven, person } = await startSignedIn({ REDIS_URL: url });
  await askRedis(server.port, "acl", "setuser", "app", "-@scripting");
  const { failed, falseReadyMs } = await falseReadyTime(haven, () => refresh(haven.url, person.refreshToken));
  assert.equal(failed.status, 503);
  assert.ok(falseReadyMs < detectionTimeMs, `the probes reported ready for ${falseReadyMs} ms`);
  await eventually(
    async () => (await reportOf(haven)).checks["redis"],
    (check) => check?.status === "down" && check.reason === "forbidden",
  );
  // The token is checked in Postgres.
  assert.equal((await me(haven.url, person)).status, 200);
});

test("a Redis user that may not run a command of the rate limiter is reported, and sessions are looked up", async () => {
  const server = await startRedisServer(["user app on >app-password ~* &* +@all"]);
  const url = `redis://app:app-password@127.0.0.1:${server.port}`;
  const { haven, person } = await startSignedIn({ REDIS_URL: url, AUTH_RATE_LIMIT: "1000" });
  await askRedis(server.port, "acl", "setuser", "app", "-zremrangebyscore");
  const { email, password } = person;
  const { falseReadyMs } = await falseReadyTime(haven, () =>
    postJson(`${haven.url}/api/v1/auth/login`, { email, password }),
  );
  assert.ok(falseReadyMs < detectionTimeMs, `the probes reported ready for ${falseReadyMs} ms`);
  await assertCannotWrite(haven, "redis", "forbidden");
  assert.equal((await me(haven.url, person)).status, 200);
});

test("during a restart of Redis its check is down, never impaired", async () => {
  const server = await startRedisServer();
  const { haven } = await startSignedIn({ REDIS_URL: server.url });
  const states = await statesDuring(haven, "redis", async () => {
    await server.stop();
    await eventually(
      async () => (await reportOf(haven)).checks["redis"]?.status,
      (status) => status === "down",
    );
    await server.start();
    await eventually(
      () => readyStatus(haven),
      (status) => status === "ready",
    );
  });
  assert.deepEqual(
    states.filter((state) => state === "impaired"),
    [],
  );
});

test("the check of a cluster writes to every master", async () => {
  const cluster = await startRedisCluster();
  const { haven } = await startSignedIn({ REDIS_URL: "", REDIS_CLUSTER_NODES: cluster.nodes });
  const [, , last] = cluster.servers;
  assert.ok(last);
  await askRedis(last.port, "config", "set", "maxmemory", "1");
  await eventually(
    async () => (await reportOf(haven)).checks["redis"],
    (check) => check?.status === "impaired" && check.reason === "out_of_memory",
  );
});

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { allCheckNames } from "../../src/config/parsers/checks-and-probes.ts";
import { steadyClock } from "../../src/core/timing/clock.ts";
import { createDatabase } from "../../src/db/pool.ts";
import { createPostgresStore } from "../../src/fleet/postgres-store.ts";
import { createRedisStore } from "../../src/fleet/redis-store.ts";
import { createFleet } from "../../src/kit/fleet/fleet.ts";
import type { FleetStore } from "../../src/kit/fleet/fleet-store.ts";
import { initialState } from "../../src/kit/health/judge.ts";
import type { CapabilityOfCheck } from "../../src/kit/health/judge-check.ts";
import { takeSnapshot } from "../../src/kit/health/snapshot.ts";
import { createRedis } from "../../src/redis/client.ts";
import { createRedisAccess } from "../../src/redis/redis-access.ts";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { without } from "../shared/programs.ts";
import { freshDatabase, query } from "../shared/servers/stores/database.ts";
import { startRedisServer } from "../shared/servers/stores/redis-servers.ts";

const size = 100;
const intervalMs = 2000;
const measuredMs = 10_000;
const intervals = measuredMs / intervalMs;

/** Returns the processor time that a process has used, from /proc. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

const capabilities: readonly CapabilityOfCheck[] = allCheckNames.map((name) => ({
  ...initialState(0),
  name,
  check: name,
  capability: undefined,
  status: "up",
  critical: name === "postgres",
  startup: false,
  lastSuccessAt: steadyClock.now(),
  latencyMs: 1.5,
}));

const skip = process.platform === "linux" ? without("redis-server") : "needs /proc";

for (const reader of ["redis", "postgres"] as const) {
  test(`a hundred instances that read from ${reader} stay within the documented costs`, {
    skip,
  }, async () => {
    const server = await startRedisServer();
    const url = await freshDatabase();
    const limits = { connectTimeoutMs: 5000, statementTimeoutMs: 5000, idleTransactionTimeoutMs: 5000 };
    const db = createDatabase({ url, poolMax: 10, ...limits }, (work) => work());
    atEnd(db.close);
    const client = createRedis(
      { kind: "url", url: server.url },
      { connectTimeoutMs: 2000, commandTimeoutMs: 2000 },
      "t",
    );
    atEnd(() => client.disconnect());
    await eventually(
      () => client.status,
      (status) => status === "ready",
    );

    const counts = { writes: 0, reads: 0, failures: 0, ms: { redis: [] as number[], postgres: [] as number[] } };
    const withCounts = (store: FleetStore): FleetStore => {
      const timed = async <T>(work: () => Promise<T>): Promise<T> => {
        counts.writes += 1;
        const startedAt = performance.now();
        try {
          return await work();
        } catch (error) {
          counts.failures += 1;
          throw error;
        } finally {
          counts.ms[store.name].push(performance.now() - startedAt);
        }
      };
      return {
        ...store,
        write: (entry) => timed(() => store.write(entry)),
        writeAndRead(entry) {
          counts.reads += 1;
          return timed(() => store.writeAndRead(entry));
        },
      };
    };
    const redis = createRedisAccess({ read: client, write: client }, (work) => work());
    const both = [createRedisStore(redis, intervalMs * 3), createPostgresStore(db, intervalMs * 3)];
    const stores = both.toSorted((a, b) => Number(b.name === reader) - Number(a.name === reader));
    const fleets = Array.from({ length: size }, (_, index) =>
      createFleet({
        stores: stores.map(withCounts),
        identity: { instance: `api-server-${index}`, version: "0.1.0" },
        intervalMs,
        timeoutMs: intervalMs,
        maxAbandoned: 5,
        clock: steadyClock,
        policy: undefined,
        snapshot: () =>
          takeSnapshot({ phase: "ready", startedUp: true, capabilities }, steadyClock.now(), Number.POSITIVE_INFINITY),
        traffic: () => ({ requestsPerSecond: 12.5, errorsPerSecond: 0, inFlight: 2 }),
        onDuplicateName: () => undefined,
      }),
    );
    for (const fleet of fleets) {
      fleet.sendNow();
      await sleep(intervalMs / size);
    }
    await sleep(intervalMs * 1.5);
    const listedCounts = fleets.map((fleet) => fleet.report().instances.length);
    assert.deepEqual(new Set(listedCounts), new Set([size]));

    const backends = (
      await query<{ pid: number }>(
        url,
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'haven' AND datname = current_database()",
      )
    ).map(({ pid }) => pid);
    const cpuOfPostgres = () => backends.reduce((sum, pid) => sum + cpuMs(pid), 0);
    Object.assign(counts, { writes: 0, reads: 0, failures: 0, ms: { redis: [], postgres: [] } });
    const before = { redis: cpuMs(server.pid), postgres: cpuOfPostgres(), own: process.cpuUsage() };
    await sleep(measuredMs);
    const own = process.cpuUsage(before.own);
    const used = { redis: cpuMs(server.pid) - before.redis, postgres: cpuOfPostgres() - before.postgres };
    const perInstanceAndInterval = (count: number) => count / size / intervals;
    const median = (times: readonly number[]) =>
      times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
    const measured = {
      writesEach: perInstanceAndInterval(counts.writes),
      readsEach: perInstanceAndInterval(counts.reads),
      redisCorePercent: (used.redis / measuredMs) * 100,
      postgresCorePercent: (used.postgres / measuredMs) * 100,
      ownCpuMsEach: perInstanceAndInterval((own.user + own.system) / 1000),
      redisMs: median(counts.ms.redis),
      postgresMs: median(counts.ms.postgres),
    };
    process.stderr.write(`100 instances that read from ${reader}: ${JSON.stringify(measured)}\n`);
    await Promise.all(fleets.map((fleet) => fleet.leave()));

    assert.equal(counts.failures, 0);
    assert.ok(measured.writesEach <= 2.05, `${measured.writesEach} writes`);
    assert.ok(measured.readsEach <= 1.03, `${measured.readsEach} reads`);
    assert.ok(measured.redisCorePercent < 6, `${measured.redisCorePercent} % of a core in Redis`);
    assert.ok(measured.postgresCorePercent < 8, `${measured.postgresCorePercent} % of a core in Postgres`);
    assert.ok(measured.ownCpuMsEach < 6, `${measured.ownCpuMsEach} ms of each instance`);
  });
}

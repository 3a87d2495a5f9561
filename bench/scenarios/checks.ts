import { setTimeout as sleep } from "node:timers/promises";
import { createConnector } from "../../src/db/connect/connector.ts";
import { createPostgresChecks } from "../../src/db/postgres-checks.ts";
import { createRedisPinger } from "../../src/redis/redis-pinger.ts";
import { createSessionChecks } from "../../src/sessions/session-checks.ts";
import { eventually } from "../../test/shared/eventually.ts";
import { ask } from "../../test/shared/requests/http.ts";
import { interleave } from "../interleave.ts";
import { runConstantRate } from "../load/constant-rate-load.ts";
import { newOwner } from "../load/owner.ts";
import { atMost, type Outcome, type RunLength, type Scenario } from "../report/outcome.ts";
import { ratios, spreadOf } from "../report/statistics.ts";
import type { Server } from "../servers.ts";
import { storeTimeDuring } from "../store-time.ts";
import type { Testbed } from "../testbed.ts";

export const checks: Scenario = {
  name: "checks",
  title: "The cost of the health checks",
  why: `The checks prove that Postgres and Redis do their work: a read and a committed write of one row, and the scripts of
    sessions. They run once in an interval of 2 s, on connections of their own. The instance that runs no checks has an
    interval of an hour.`,
  run,
};

const perSecond = 300;
/** Longer than in production, so that no check fails on a busy disk while the cost of the checks is measured. */
const timeoutMs = 30_000;

async function run(testbed: Testbed, runLength: RunLength): Promise<Outcome> {
  const p50 = await measureRequests(testbed, runLength);
  const cost = await measureStores(testbed, runLength.quick ? 1000 : 20_000);
  const ms = (label: keyof typeof p50) => ({ label, spread: spreadOf(p50[label]), ours: true });
  return {
    claims: [
      {
        what: "API p50 with the checks, relative to no checks",
        bound: atMost(1.02),
        measured: spreadOf(ratios(p50["with checks"], p50.without)),
        unit: "times",
      },
    ],
    charts: [
      {
        name: "checks",
        title: `p50 of ${perSecond} authenticated reads a second`,
        unit: "ms",
        bars: [ms("without"), ms("with checks")],
      },
    ],
    notes: [
      `The checks of ${instances} instances together take ${percent(cost.postgres)} of a processor core at Postgres and ` +
        `${percent(cost.redis)} at Redis: ${Math.round(cost.perSecond)} runs of each check a second, with a flush of the ` +
        "WAL to disk for each write.",
    ],
  };
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** Measures two instances in turn. The other one is stopped meanwhile, so that its checks cost nothing. */
async function measureRequests(testbed: Testbed, { rounds, seconds }: RunLength) {
  const off = String(3_600_000);
  const withChecks = await testbed.haven();
  const without = await testbed.haven({ HEALTH_CHECK_INTERVAL: off });
  const owner = await newOwner(withChecks.url, "checks@example.org");
  const pathOf = ({ url }: Server) => `${url}/api/v1/properties/${owner.propertyId}`;
  const measureOnly = (server: Server, other: Server) => async () => {
    process.kill(other.pid, "SIGSTOP");
    process.kill(server.pid, "SIGCONT");
    await eventually(
      () => ask(`${server.url}/ready`).then(({ status }) => status),
      (status) => status === 200,
    );
    const load = { url: pathOf(server), headers: owner.headers, perSecond };
    await runConstantRate({ ...load, seconds: 0.5 });
    return (await runConstantRate({ ...load, seconds: seconds * 3 })).p50Ms;
  };
  try {
    return await interleave(rounds, {
      without: measureOnly(without, withChecks),
      "with checks": measureOnly(withChecks, without),
    });
  } finally {
    for (const server of [withChecks, without]) {
      process.kill(server.pid, "SIGCONT");
      await server.stop();
    }
  }
}

const instances = 100;
/** Fewer clients that check more often cause the same load with fewer connections. */
const clients = 20;
const everyMs = (2000 * clients) / instances;

/** Returns the share of a core that each store uses for the checks of all instances, without its idle load. */
async function measureStores(testbed: Testbed, measuredMs: number) {
  const idle = await sharesDuring(testbed, measuredMs);
  const stopped = new AbortController();
  let runs = 0;
  const loop = async (check: (signal: AbortSignal) => Promise<void>) => {
    while (!stopped.signal.aborted) {
      const startedAt = performance.now();
      await check(AbortSignal.timeout(timeoutMs));
      runs += 1;
      await sleep(Math.max(0, startedAt + everyMs - performance.now()));
    }
  };
  const all = Array.from({ length: clients }, (_, number) => createChecks(testbed, `simulated-${number}`));
  const loops = all.flatMap(({ perform }) => perform.map(loop));
  await sleep(2 * everyMs);
  runs = 0;
  const busy = await sharesDuring(testbed, measuredMs);
  const perSecond = runs / (all[0]?.perform.length ?? 1) / (measuredMs / 1000);
  stopped.abort();
  await Promise.all(loops);
  for (const { close } of all) close();
  return { postgres: busy.postgres - idle.postgres, redis: busy.redis - idle.redis, perSecond };
}

function createChecks({ databaseUrl, redisUrl }: Testbed, instance: string) {
  const connector = createConnector({ url: databaseUrl, connectTimeoutMs: timeoutMs });
  const postgres = createPostgresChecks({ connector, timeoutMs, migrations: [], instance });
  const sessions = createSessionChecks();
  const limits = { connectTimeoutMs: timeoutMs, commandTimeoutMs: timeoutMs };
  const target = { kind: "url", url: redisUrl } as const;
  const redis = {
    read: createRedisPinger(target, limits, sessions.read),
    write: createRedisPinger(target, limits, sessions.write),
  };
  return {
    perform: [
      postgres.read,
      postgres.write,
      async (signal: AbortSignal) => void (await postgres.schemaIsCurrent(signal)),
      redis.read.ping,
      redis.write.ping,
    ],
    close() {
      postgres.close();
      redis.read.close();
      redis.write.close();
    },
  };
}

async function sharesDuring(testbed: Testbed, ms: number) {
  const { postgresMs, redisMs } = await storeTimeDuring(testbed, () => sleep(ms));
  return { postgres: postgresMs / ms, redis: redisMs / ms };
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../shared/eventually.ts";
import { anyResource } from "../shared/requests/any-resource.ts";
import { ask } from "../shared/requests/http.ts";
import { bearer, register } from "../shared/requests/people.ts";
import { startFaultProxy } from "../shared/servers/fault-proxy.ts";
import { type HavenProcess, startHavenProcess } from "../shared/servers/haven-process.ts";
import { asAppRole, freshDatabase, query } from "../shared/servers/stores/database.ts";
import { askRedis, startRedisServer } from "../shared/servers/stores/redis-servers.ts";
import { startStopwatch } from "../shared/stopwatch.ts";
import { metric } from "../support/metric.ts";
import { type LoadRequest, startSteadyLoad } from "../support/steady-load.ts";

// This process stalls while the stores are healthy: the stalls must not count as failures of the stores.

const perSecond = 60;

/** Starts a server under load, with the default time limits for requests and stricter limits for checks. */
async function startUnderLoad() {
  const databaseUrl = await freshDatabase();
  const redis = await startRedisServer();
  const haven = await startHavenProcess({
    env: {
      DATABASE_URL: asAppRole(databaseUrl),
      REDIS_URL: redis.url,
      AUTH_RATE_LIMIT: "0",
      HEALTH_CHECK_INTERVAL: "400",
      HEALTH_CHECK_TIMEOUT: "300",
      REQUEST_TIMEOUT_MS: "1000",
    },
  });
  const headers = bearer(await register(haven.url));
  const requests: readonly LoadRequest[] = [
    { path: "/api/v1/auth/me", headers },
    { path: `${anyResource.path}?limit=5`, headers },
    {
      path: anyResource.path,
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify(anyResource.named("House")),
    },
    { path: "/test/redis" },
    { path: "/test/sql/20" },
    { path: "/ready" },
  ];
  const connections = async () => {
    const sql =
      "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'haven%' AND datname = current_database()";
    const backends = await query<{ pid: number }>(databaseUrl, sql);
    const clients = String(await askRedis(redis.port, "client", "list")).matchAll(/^id=(\d+) .* name=haven/gm);
    return [...backends.map(({ pid }) => `postgres ${pid}`), ...[...clients].map(([, id]) => `redis ${id}`)];
  };
  const load = startSteadyLoad(haven.url, perSecond, (count) => requests[count % requests.length] ?? { path: "/" });
  await sleep(1500);
  return { haven, load, connections, before: await connections() };
}

type Detailed = {
  checks: Record<string, { status: string; consecutiveFailures: number }>;
  circuitBreakers: { name: string; state: string; stats: { opened: number; failure: number } }[];
  system: { eventLoop: { longestDelayMs: number } };
  history: { kind: string; name: string; from: string; to: string; reason: string | null }[];
};

async function assertStoresReportedHealthy({
  haven,
  load,
  connections,
  before,
}: Awaited<ReturnType<typeof startUnderLoad>>) {
  const outcomes = await load.stop();
  const failed = Object.entries(outcomes).filter(([name]) => !/: 20[01]$/.test(name));
  assert.deepEqual(failed, []);
  assert.ok(Object.values(outcomes).reduce((sum, count) => sum + count, 0) > perSecond * 5, JSON.stringify(outcomes));

  const report = (await ask(`${haven.url}/health/detailed`)).json() as Detailed;
  for (const { name, stats } of report.circuitBreakers)
    assert.deepEqual([name, stats.opened, stats.failure], [name, 0, 0]);
  for (const name of Object.keys(report.checks))
    assert.equal(await metric(haven.url, `health_check_failures_total{check="${name}"}`), 0, name);
  assert.deepEqual(
    report.history.filter(({ from, to }) => from !== "unknown" && from !== "starting" && to !== "ready"),
    [],
  );
  const after = new Set(await connections());
  assert.deepEqual(
    before.filter((connection) => !after.has(connection)),
    [],
    "no connection was dropped",
  );
  return report;
}

async function pauseProcess({ child }: HavenProcess, ms: number): Promise<void> {
  child.kill("SIGSTOP");
  await sleep(ms);
  child.kill("SIGCONT");
}

test("five pauses of the process for 1.2 s under load fail no request, open no breaker and drop no connection", async () => {
  const started = await startUnderLoad();
  for (let pauses = 0; pauses < 5; pauses += 1) {
    await pauseProcess(started.haven, 1200);
    await sleep(700);
  }
  const lagSeconds = await metric(started.haven.url, "nodejs_eventloop_lag_max_seconds");
  const report = await assertStoresReportedHealthy(started);
  assert.ok(report.system.eventLoop.longestDelayMs > 1000, "the pause is in /health/detailed");
  assert.ok(lagSeconds > 1, `the pause is in /metrics: ${lagSeconds} s`);
});

test("eight blocks of the event loop for 0.7 s under load fail no request, open no breaker and drop no connection", async () => {
  const started = await startUnderLoad();
  const { url } = started.haven;
  for (let blocks = 0; blocks < 8; blocks += 1) {
    // Redis commands are in flight when the block begins.
    const redisRequests = Array.from({ length: 4 }, () => ask(`${url}/test/redis`));
    await ask(`${url}/test/spin/700`);
    const statuses = (await Promise.all(redisRequests)).map(({ status }) => status);
    assert.deepEqual(statuses, [200, 200, 200, 200]);
    await sleep(700);
  }
  await assertStoresReportedHealthy(started);
});

/** Blocks the event loop of the server repeatedly, until the returned function is called, which returns the sum of the blocks. */
function startStalls(url: string) {
  let isRunning = true;
  const totalMs = (async () => {
    let blocks = 0;
    for (; isRunning; blocks += 1) {
      await ask(`${url}/test/spin/${blockMs}`);
      await sleep(300);
    }
    return blocks * blockMs;
  })();
  return () => {
    isRunning = false;
    return totalMs;
  };
}

const blockMs = 400;
const limits = { intervalMs: 400, timeoutMs: 300 };

for (const store of ["redis", "postgres"] as const) {
  test(`a silent ${store} is reported while the server stalls, and requests to it end`, async () => {
    const redis = await startRedisServer();
    const postgres = await startFaultProxy(asAppRole(await freshDatabase()));
    const { url } = await startHavenProcess({
      env: {
        DATABASE_URL: postgres.url,
        REDIS_URL: redis.url,
        OVERLOAD_DELAY_MS: "0",
        DB_STATEMENT_TIMEOUT_MS: "500",
        HEALTH_CHECK_INTERVAL: String(limits.intervalMs),
        HEALTH_CHECK_TIMEOUT: String(limits.timeoutMs),
      },
    });
    const statusOf = async () =>
      ((await ask(`${url}/ready`)).json() as { checks: Record<string, { status: string }> }).checks[store]?.status;
    await eventually(statusOf, (status) => status === "up");
    const endStalls = startStalls(url);
    await sleep(1000);

    const elapsedMs = startStopwatch(redis.pid);
    if (store === "redis") redis.freeze();
    else await postgres.set("freeze");
    const path = store === "redis" ? "/test/redis" : "/test/sql/1";
    const requests = Promise.all(Array.from({ length: 3 }, () => ask(url + path)));
    await eventually(statusOf, (status) => status === "down", 15_000);
    const reportedMs = elapsedMs();
    const answers = await requests;
    const stalledMs = await endStalls();
    if (store === "redis") redis.thaw();
    else await postgres.set("pass");

    const detectionTimeMs = limits.intervalMs + 2 * limits.timeoutMs + 500;
    assert.ok(
      reportedMs < detectionTimeMs + stalledMs,
      `reported after ${reportedMs} ms, with stalls of ${stalledMs} ms`,
    );
    for (const { status, ms } of answers) {
      assert.equal(status, 503);
      assert.ok(ms < 2000 + stalledMs, `answered after ${ms} ms`);
    }
    await eventually(statusOf, (status) => status === "up");
  });
}

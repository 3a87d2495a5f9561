import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { eventually } from "../../shared/eventually.ts";
import { ask } from "../../shared/requests/http.ts";
import type { Fault } from "../../shared/servers/fault-proxy.ts";
import { query } from "../../shared/servers/stores/database.ts";
import { checksOf, intervalMs, slowestAliveProbeMs, startFaultyHaven, timeoutMs } from "../../support/faulty-haven.ts";

const detectionTimeMs = intervalMs + 2 * timeoutMs + 500;
const recoveryWithinMs = 2 * intervalMs + timeoutMs + 200;

const faults: readonly (readonly [string, Fault, Fault])[] = [
  ["refused", "refuse", "pass"],
  ["black-holed", "hole", "pass"],
  ["too slow", { delayMs: 1000 }, "pass"],
];

for (const dependency of ["postgres", "redis"] as const) {
  for (const [what, fault, normal] of faults) {
    test(`${dependency} ${what}: /ready reports it within the detection time, /alive stays fast, and the instance recovers`, async () => {
      const haven = await startFaultyHaven();
      const proxy = haven[dependency];
      await haven.until("postgres", "up", 3000);
      await haven.until("redis", "up", 3000);
      const before = proxy.open();

      await proxy.set(fault);
      let downMs = 0;
      const watchOutage = async () => {
        downMs = await haven.until(dependency, "down", detectionTimeMs + 1000);
        await sleep(1000);
      };
      const slowestMs = await slowestAliveProbeMs(haven.url, watchOutage, process.pid);
      assert.ok(downMs < detectionTimeMs, `reported as down after ${downMs} ms`);
      assert.ok(slowestMs < 50, `the live probe took ${slowestMs} ms`);
      const down = await haven.ready();
      assert.equal(down.status, dependency === "postgres" ? 503 : 200);
      assert.partialDeepStrictEqual(down.json(), { status: dependency === "postgres" ? "not_ready" : "degraded" });

      await proxy.set(normal);
      const upMs = await haven.until(dependency, "up", recoveryWithinMs + 1500);
      assert.ok(upMs < recoveryWithinMs, `reported as up after ${upMs} ms`);
      await eventually(haven.ready, ({ status }) => status === 200);
      await eventually(proxy.open, (open) => open <= before + 1);
    });
  }
}

test("200 parallel /ready with slow SQL cause at most one check, and each is answered within 500 ms", async () => {
  const haven = await startFaultyHaven();
  await haven.postgres.set({ delayMs: 200 });
  await sleep(300);
  const before = haven.postgres.sent().length;
  const answers = await Promise.all(Array.from({ length: 200 }, haven.ready));
  const statements =
    haven.postgres
      .sent()
      .slice(before)
      .match(/SELECT 1/g)?.length ?? 0;
  assert.ok(
    answers.every(({ ms }) => ms < 500),
    `slowest ${Math.max(...answers.map(({ ms }) => ms))} ms`,
  );
  assert.ok(statements <= 1, `${statements} checks`);
});

test("an exhausted pool and slow queries of the application are not reported as postgres down", async () => {
  const haven = await startFaultyHaven({ env: { DB_POOL_MAX: "2", DB_STATEMENT_TIMEOUT_MS: "3000" } });
  const busy = Array.from({ length: 12 }, () => ask(`${haven.url}/test/sql/1500`));
  const seen = new Set<string | undefined>();
  for (let i = 0; i < 20; i += 1) {
    seen.add(checksOf(await haven.ready())["postgres"]?.status);
    await sleep(100);
  }
  const statuses = (await Promise.all(busy)).map(({ status }) => status);
  assert.deepEqual([...seen], ["up"]);
  assert.ok(statuses.includes(200) && statuses.every((status) => status === 200 || status === 503));
  const { text } = await ask(`${haven.url}/metrics`);
  assert.match(text, /circuit_breaker_state\{name="postgres"\} 0/);
});

test("a locked migrations table fails the schema check, and not the postgres check", async () => {
  const haven = await startFaultyHaven({ env: { HEALTH_CHECK_INTERVAL: "200", HEALTH_CHECK_TIMEOUT: "400" } });
  const locker = new pg.Client({ connectionString: haven.databaseUrl });
  await locker.connect();
  await locker.query("BEGIN; LOCK TABLE schema_migrations IN ACCESS EXCLUSIVE MODE");
  try {
    await haven.until("schema", "down", 3000);
    for (let i = 0; i < 20; i += 1) {
      assert.equal(checksOf(await haven.ready())["postgres"]?.status, "up");
      await sleep(100);
    }
  } finally {
    await locker.end();
  }
  await haven.until("schema", "up", 3000);
});

test("a server that starts without Postgres listens, reports it, and recovers without a restart", async () => {
  const haven = await startFaultyHaven({ waitUntil: "listening" });
  assert.equal((await ask(`${haven.url}/alive`)).status, 200);
  await haven.until("postgres", "up", 3000);

  const late = await startFaultyHaven({
    waitUntil: "listening",
    env: { DATABASE_URL: "postgres://haven:x@127.0.0.1:1/none" },
  });
  await sleep(intervalMs * 2);
  assert.equal((await ask(`${late.url}/alive`)).status, 200);
  assert.equal((await ask(`${late.url}/startup`)).status, 503);
  const ready = await late.ready();
  assert.deepEqual([ready.status, (ready.json() as { status: string }).status], [503, "starting"]);

  await late.stop();
  const corrected = await startFaultyHaven({
    waitUntil: "listening",
    env: { NODE_ENV: "test", DATABASE_URL: late.postgres.url },
  });
  await eventually(
    () => ask(`${corrected.url}/startup`),
    ({ status }) => status === 200,
  );
});

test("a server that starts while Postgres refuses connections becomes ready when Postgres accepts them", async () => {
  const other = await startFaultyHaven();
  await other.postgres.set("refuse");
  const haven = await startFaultyHaven({ waitUntil: "listening", env: { DATABASE_URL: other.postgres.url } });
  await sleep(1000);
  assert.equal((await ask(`${haven.url}/startup`)).status, 503);
  await other.postgres.set("pass");
  await eventually(
    () => ask(`${haven.url}/startup`),
    ({ status }) => status === 200,
    4000,
  );
  assert.equal((await haven.ready()).status, 200);
  await other.postgres.set("refuse");
  await haven.until("postgres", "down", detectionTimeMs);
  assert.equal((await ask(`${haven.url}/startup`)).status, 200, "the startup probe stays 200");
  await other.postgres.set("pass");
});

test("the postgres check replaces a connection whose backend is frozen, and leaves no connection behind", async () => {
  const haven = await startFaultyHaven();
  const [backend] = await query<{ pid: number }>(
    haven.databaseUrl,
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'haven-health' AND datname = current_database()",
  );
  assert.ok(backend !== undefined, "the health check has a connection of its own");
  process.kill(backend.pid, "SIGSTOP");
  try {
    // The frozen backend fails one run of the check. The next run uses a new connection.
    await sleep(2 * timeoutMs);
    await haven.until("postgres", "up", 4000);
  } finally {
    process.kill(backend.pid, "SIGCONT");
  }
  const count =
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'haven-health' AND datname = current_database()";
  await eventually(
    () => query<{ n: number }>(haven.databaseUrl, count),
    ([row]) => row?.n === 1,
  );
});

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError, type ErrorCode } from "../../../src/core/errors/app-error.ts";
import { createConnector } from "../../../src/db/connect/connector.ts";
import { migrate } from "../../../src/db/migrate/migrate.ts";
import { MigrationError } from "../../../src/db/migrate/migration-files.ts";
import { createDatabase, type Database } from "../../../src/db/pool.ts";
import { createPostgresChecks } from "../../../src/db/postgres-checks.ts";
import { atEnd } from "../../shared/at-end.ts";
import { eventually } from "../../shared/eventually.ts";
import { without } from "../../shared/programs.ts";
import { ask } from "../../shared/requests/http.ts";
import { login, me, register } from "../../shared/requests/people.ts";
import { appRole, asAppRole, freshDatabase, query } from "../../shared/servers/stores/database.ts";
import { type PgBouncer, startPgBouncer } from "../../shared/servers/stores/pgbouncer.ts";
import { startStopwatch } from "../../shared/stopwatch.ts";
import { startHaven } from "../../support/haven.ts";

const skip = without("pgbouncer");
const limits = {
  poolMax: 10,
  connectTimeoutMs: 2000,
  statementTimeoutMs: 300,
  idleTransactionTimeoutMs: 300,
  pooler: "transaction" as const,
};

type Pooled = { pooler: PgBouncer; url: string; direct: string };

async function startPooled(settings: readonly string[], { migrated = true } = {}): Promise<Pooled> {
  const direct = await freshDatabase({ migrated });
  const { username, password, port } = new URL(direct);
  const users = { [username]: password, [appRole.name]: appRole.password };
  const pooler = await startPgBouncer({ port: Number(port), users, settings });
  const url = new URL(direct);
  url.port = String(pooler.port);
  return { pooler, url: url.href, direct };
}

function open(url: string, overrides: { poolMax?: number; idleTransactionTimeoutMs?: number } = {}): Database {
  const db = createDatabase({ ...limits, ...overrides, url }, (work) => work());
  atEnd(() => db.close());
  return db;
}

const hasCode = (code: ErrorCode) => (error: unknown) => error instanceof AppError && error.code === code;

const busyBackends = async (direct: string) =>
  (
    await query<{ n: number }>(
      direct,
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep%' AND state <> 'idle' AND pid <> pg_backend_pid()",
    )
  )[0]?.n;

for (const mode of ["transaction", "session"]) {
  // In session mode each client that is connected holds a session of Postgres.
  const settings = [`pool_mode = ${mode}`, `default_pool_size = ${mode === "session" ? 30 : 5}`];
  let pooled: Pooled;
  before(async () => {
    if (!skip) pooled = await startPooled(settings);
  });

  test(`a statement that times out is cancelled in Postgres, behind a pooler in ${mode} mode`, { skip }, async () => {
    const db = open(pooled.url, { poolMax: 3 });
    const elapsedMs = startStopwatch();
    await assert.rejects(db.query("SELECT pg_sleep(5)"), hasCode("unavailable"));
    assert.ok(elapsedMs() < 700);
    assert.equal(await busyBackends(pooled.direct), 0);
    await assert.rejects(db.query({ name: "slow", text: "SELECT pg_sleep($1)" }, [5]), hasCode("unavailable"));
    await assert.rejects(
      db.transaction((tx) => tx.query("SELECT pg_sleep(5)")),
      hasCode("unavailable"),
    );
    assert.equal(await busyBackends(pooled.direct), 0);
  });

  test(`a limit does not outlive its transaction, behind a pooler in ${mode} mode`, { skip }, async () => {
    const db = open(pooled.url, { poolMax: 1 });
    const show =
      "SELECT current_setting('statement_timeout') AS limit, current_setting('idle_in_transaction_session_timeout') AS idle";
    assert.deepEqual(await db.query(show), [{ limit: "270ms", idle: "0" }]);
    assert.deepEqual(await db.transaction((tx) => tx.query(show)), [{ limit: "270ms", idle: "300ms" }]);
    const url = new URL(pooled.url);
    url.searchParams.set("application_name", "plain");
    assert.deepEqual(await query(url.href, show), [{ limit: "0", idle: "0" }]);
  });

  test(`an idle transaction is ended by Postgres, behind a pooler in ${mode} mode`, { skip }, async () => {
    const db = open(pooled.url, { poolMax: 1 });
    await assert.rejects(
      db.transaction(async (tx) => {
        await tx.query("SELECT 1");
        await sleep(800);
        await tx.query("SELECT 1");
      }),
      hasCode("unavailable"),
    );
    assert.deepEqual(await db.query("SELECT 1 AS one"), [{ one: 1 }]);
  });

  test(`values, named statements, errors and rows are the same as without a pooler, under load, in ${mode} mode`, {
    skip,
  }, async () => {
    const db = open(pooled.url, { poolMax: mode === "session" ? 4 : 10 });
    const runOne = async (n: number) => {
      const statement = { name: "echo", text: "SELECT $1::int AS n, $2::text AS text, $3::jsonb AS json" };
      const values = [n, `row ${n}`, JSON.stringify({ n })];
      assert.deepEqual(await db.query(statement, values), [{ n, text: `row ${n}`, json: { n } }]);
      if (n % 10 === 0) await assert.rejects(db.query("SELECT 1 / ($1::int - $1::int)", [n]), { code: "22012" });
      if (n % 7 === 0)
        await db.transaction(async (tx) => {
          assert.deepEqual(await tx.query(statement, values), [{ n, text: `row ${n}`, json: { n } }]);
        });
    };
    await Promise.all(Array.from({ length: mode === "session" ? 150 : 400 }, (_, n) => runOne(n)));
    assert.deepEqual(await db.query("SELECT 1 WHERE false"), []);
    assert.deepEqual(await db.query("SELECT n FROM generate_series(1, 3) n"), [{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  test(`short reads on shared connections have the same rows and limits, behind a pooler in ${mode} mode`, {
    skip,
  }, async () => {
    const db = open(pooled.url, { poolMax: 5 });
    const show = "SELECT $1::int AS n, current_setting('statement_timeout') AS limit";
    const runOne = async (n: number) => {
      assert.deepEqual(await db.query({ name: "show", text: show, isShort: true }, [n]), [{ n, limit: "270ms" }]);
      if (n % 10 === 0)
        await assert.rejects(db.query({ text: "SELECT 1 / ($1::int - $1::int)", isShort: true }, [n]), {
          code: "22012",
        });
    };
    for (let round = 0; round < 3; round += 1) await Promise.all(Array.from({ length: 100 }, (_, n) => runOne(n)));
    // A named statement would exist in one session of Postgres, and the next transaction may run in another.
    assert.deepEqual(await db.query("SELECT name FROM pg_prepared_statements"), []);
    await assert.rejects(db.query({ text: "SELECT pg_sleep($1)", isShort: true }, [5]), hasCode("unavailable"));
    assert.equal(await busyBackends(pooled.direct), 0);
    await db.close();
  });

  test(`a server runs behind a pooler in ${mode} mode, and recovers from its restart`, { skip }, async () => {
    const haven = await startHaven({
      env: {
        DATABASE_URL: asAppRole(pooled.url),
        DB_POOLER: "transaction",
        DB_POOL_MAX: "3",
        HEALTH_CHECK_INTERVAL: "200",
        HEALTH_CHECK_TIMEOUT: "500",
      },
    });
    const person = await register(haven.url);
    const session = await login(haven.url, person);
    const status = async () => (await me(haven.url, session)).status;
    assert.equal(await status(), 200);
    await pooled.pooler.restart();
    await eventually(status, (seen) => seen === 200, 3000);
    await eventually(
      () => ask(`${haven.url}/ready`),
      (answer) => answer.status === 200 && answer.text.includes('"ready"'),
      3000,
    );
    const statuses = await Promise.all(Array.from({ length: 50 }, status));
    assert.deepEqual([...new Set(statuses)], [200]);
    await haven.stop();
  });
}

test("a full queue of the pooler is reported in time, and the next queries succeed", { skip }, async () => {
  const { url } = await startPooled(["default_pool_size = 1", "query_wait_timeout = 1"]);
  const holder = open(url, { poolMax: 1, idleTransactionTimeoutMs: 5000 });
  const db = open(url, { poolMax: 4 });
  await db.query("SELECT 1");
  const held = holder.transaction(async (tx) => {
    for (let times = 0; times < 8; times += 1) {
      await tx.query("SELECT 1");
      await sleep(200);
    }
  });
  await sleep(100);
  const elapsedMs = startStopwatch();
  await assert.rejects(db.query("SELECT 1"), hasCode("unavailable"));
  assert.ok(elapsedMs() < 1500);
  await held;
  assert.deepEqual(await db.query("SELECT 1 AS one"), [{ one: 1 }]);
});

test("migrate works through a pooler, also when two run at once, and rejects a migration that needs a session", {
  skip,
}, async () => {
  const { url } = await startPooled(["default_pool_size = 5"], { migrated: false });
  const options = { url, timeoutMs: 10_000, connectTimeoutMs: 2000, pooler: "transaction" as const };
  const applied = (await Promise.all([migrate(options), migrate(options)])).flat();
  assert.ok(applied.length > 5);
  assert.equal(new Set(applied).size, applied.length);
  const outside = {
    name: "9999_index.sql",
    sql: "-- haven: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS i ON users (name)",
    checksum: "x",
  };
  await assert.rejects(
    migrate({ ...options, migrations: [outside] }),
    (error) => error instanceof MigrationError && /DB_POOLER/.test(error.message),
  );
});

test("behind a pooler, the health check has its own time limits", { skip }, async () => {
  const { url, direct } = await startPooled(["default_pool_size = 5"]);
  const connector = createConnector({ ...limits, url });
  const checks = createPostgresChecks({ connector, timeoutMs: 300, migrations: [], instance: "test" });
  atEnd(() => checks.close());
  await checks.read(AbortSignal.timeout(2000));
  await checks.write(AbortSignal.timeout(2000));
  const opened = await createConnector({ url, connectTimeoutMs: 2000, pooler: "transaction" }).open({
    applicationName: "test",
    statementTimeoutMs: 300,
    lockTimeoutMs: 100,
  });
  atEnd(opened.destroy);
  const { rows } = await opened.client.query("SELECT current_setting('lock_timeout') AS lock");
  assert.deepEqual(rows, [{ lock: "100ms" }]);
  assert.equal(await busyBackends(direct), 0);
});

import assert from "node:assert/strict";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { EngineError } from "../../src/embedded/engines.ts";
import { startPostgres } from "../../src/embedded/postgres/start-postgres.ts";
import { sendSignal } from "../../src/embedded/processes/processes.ts";
import {
  descendants,
  eventually,
  folder,
  folderWithDatabase,
  onLinux,
  query,
  silent,
  stillRunning,
} from "./support/engines.ts";

const recoveryLimitMs = 5_000;
const stopLimitMs = 3_500;

async function start(test: TestContext, dataDir: string, events: string[] = []) {
  const postgres = await startPostgres({ dataDir, log: ({ event }) => events.push(event), fast: true });
  test.after(() => postgres.stop());
  return postgres;
}

test("data is kept across a restart", { timeout: 30_000 }, async (t) => {
  const dataDir = await folder(t);
  const first = await start(t, dataDir);
  await query(first.url, "CREATE TABLE kept AS SELECT 'Zürich' AS town");
  assert.deepEqual(await query(first.url, "SELECT datcollate || datlocale FROM pg_database WHERE datname = 'haven'"), [
    "CC.UTF-8",
  ]);
  await first.stop();
  await assert.rejects(query(first.url, "SELECT 1"));

  const second = await start(t, dataDir);
  assert.deepEqual(await query(second.url, "SELECT town FROM kept"), ["Zürich"]);
});

test("a connection requires the password, which is in a file that only its owner can read", async (t) => {
  const dataDir = await folderWithDatabase(t);
  const { url } = await start(t, dataDir);
  const file = join(dataDir, "postgres", "haven.password");
  assert.ok(url.includes(await readFile(file, "utf8")));
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  await assert.rejects(query(url.replace(/:[^:@]+@/, ":wrong@"), "SELECT 1"), /password authentication failed/);
});

test("a killed postmaster is restarted on the same port with its data", { timeout: 30_000 }, async (t) => {
  const events: string[] = [];
  const postgres = await start(t, await folderWithDatabase(t), events);
  await query(postgres.url, "CREATE TABLE kept AS SELECT 1 AS one");
  const before = postgres.pid() ?? 0;
  // A worker that survives the main process would keep the shared memory.
  const busy = query(postgres.url, "SELECT count(*) FROM generate_series(1, 1e12)").catch(() => []);
  await eventually(recoveryLimitMs, async () => {
    const active = await query(postgres.url, "SELECT count(*)::int FROM pg_stat_activity WHERE query LIKE '%1e12%'");
    return active[0] === 2;
  });
  sendSignal(before, "SIGKILL");
  await busy;
  await eventually(recoveryLimitMs, async () => (await query(postgres.url, "SELECT one FROM kept"))[0] === 1);
  assert.notEqual(postgres.pid(), before);
  await eventually(recoveryLimitMs, async () => events.includes("restarted"));
  assert.deepEqual(events, ["started", "died", "restarted"]);
});

test("a killed worker process is logged, and Postgres restarts its workers", { timeout: 30_000 }, async (t) => {
  const events: string[] = [];
  const postgres = await start(t, await folderWithDatabase(t), events);
  await query(postgres.url, "SELECT pg_sleep(0), pg_backend_pid()");
  const [worker] = await query(postgres.url, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'");
  const postmaster = postgres.pid();
  sendSignal(Number(worker), "SIGKILL");
  await eventually(recoveryLimitMs, async () => events.includes("worker died"));
  await eventually(recoveryLimitMs, async () => (await query(postgres.url, "SELECT 1"))[0] === 1);
  assert.equal(postgres.pid(), postmaster);
});

test("when the guard is killed, its Postgres ends too, and both are restarted", {
  timeout: 30_000,
  skip: !onLinux,
}, async (t) => {
  const postgres = await start(t, await folderWithDatabase(t));
  const before = postgres.pid() ?? 0;
  const stat = await readFile(`/proc/${before}/stat`, "utf8");
  const guard = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  sendSignal(guard, "SIGKILL");
  await eventually(
    recoveryLimitMs,
    async () => postgres.pid() !== before && (await query(postgres.url, "SELECT 1"))[0] === 1,
  );
  assert.deepEqual(await stillRunning([guard, before]), []);
});

test("stop ends all processes within its time limit even while Postgres is frozen", { skip: !onLinux }, async (t) => {
  const postgres = await start(t, await folderWithDatabase(t));
  const all = await descendants(process.pid);
  assert.ok(all.length > 2);
  sendSignal(postgres.pid() ?? 0, "SIGSTOP");
  const startedAt = Date.now();
  await postgres.stop();
  assert.ok(Date.now() - startedAt < stopLimitMs, `${Date.now() - startedAt} ms`);
  assert.deepEqual(await stillRunning(all), []);
});

test("stop during a restart ends all processes", { skip: !onLinux }, async (t) => {
  const events: string[] = [];
  const postgres = await start(t, await folderWithDatabase(t), events);
  sendSignal(postgres.pid() ?? 0, "SIGKILL");
  await eventually(recoveryLimitMs, async () => events.includes("died"));
  await postgres.stop();
  assert.deepEqual(await descendants(process.pid), []);
  await assert.rejects(query(postgres.url, "SELECT 1"));
});

test("Postgres starts although an old postmaster.pid names a running process", async (t) => {
  const dataDir = await folderWithDatabase(t);
  await writeFile(join(dataDir, "postgres", "postmaster.pid"), `${process.pid}\n${dataDir}/postgres\n`);
  const { url } = await start(t, dataDir);
  assert.deepEqual(await query(url, "SELECT 1"), [1]);
});

test("data of another version of Postgres is rejected with an error of one sentence, and is not changed", async (t) => {
  const dataDir = await folder(t);
  await mkdir(join(dataDir, "postgres"));
  await writeFile(join(dataDir, "postgres", "PG_VERSION"), "16\n");
  await assert.rejects(startPostgres({ dataDir, log: silent }), (error) => {
    assert.ok(error instanceof EngineError);
    assert.match(error.message, /holds the data of Postgres 16, but the embedded Postgres is version 18: .*\.$/);
    assert.ok(error.message.includes(join(dataDir, "postgres")));
    return true;
  });
  await rm(join(dataDir, "postgres", "PG_VERSION"));
  await writeFile(join(dataDir, "postgres", "thesis.txt"), "mine");
  await assert.rejects(startPostgres({ dataDir, log: silent }), /holds no Postgres data, but is not empty/);
  assert.equal(await readFile(join(dataDir, "postgres", "thesis.txt"), "utf8"), "mine");
});

import assert from "node:assert/strict";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { sendSignal } from "../../src/embedded/processes/processes.ts";
import { startApp } from "./support/apps.ts";
import {
  descendants,
  eventually,
  folder,
  folderWithDatabase,
  onLinux,
  query,
  redis,
  stillRunning,
} from "./support/engines.ts";

const exitLimitMs = 3_000;
const options = { timeout: 30_000, skip: !onLinux };

test(
  "when the application is killed, no process of its engines is left, and the next start works",
  options,
  async (t) => {
    const dataDir = await folderWithDatabase(t);
    const app = startApp(t, dataDir);
    const { databaseUrl } = await app.message();
    await query(databaseUrl, "CREATE TABLE kept AS SELECT 1 AS one");
    const busy = query(databaseUrl, "SELECT count(*) FROM generate_series(1, 1e12)").catch(() => []);
    const engines = await descendants(app.pid);
    assert.ok(engines.length > 4);
    await app.kill();
    const tookMs = await eventually(exitLimitMs, async () => (await stillRunning(engines)).length === 0);
    t.diagnostic(`all gone after ${tookMs} ms`);
    await busy;

    const restarted = startApp(t, dataDir);
    const { databaseUrl: url, shared } = await restarted.message();
    assert.equal(shared, false);
    assert.deepEqual(await query(url, "SELECT one FROM kept"), [1]);
    await restarted.stop();
  },
);

test(
  "an application that is killed during its first start leaves no process and no incomplete database",
  options,
  async (t) => {
    const dataDir = await folder(t);
    const app = startApp(t, dataDir);
    const helpers = () => descendants(app.pid);
    await eventually(5_000, async () => (await helpers()).length > 3);
    const started = await helpers();
    await app.kill();
    await eventually(exitLimitMs, async () => (await stillRunning(started)).length === 0);
    await mkdir(join(dataDir, "postgres.unfinished", "base"), { recursive: true });
    const restarted = startApp(t, dataDir);
    assert.deepEqual(await query((await restarted.message()).databaseUrl, "SELECT 1"), [1]);
    await assert.rejects(stat(join(dataDir, "postgres.unfinished")), /ENOENT/);
    await restarted.stop();
  },
);

test("Ctrl-C ends only the application; its engines run until the application stops them", options, async (t) => {
  const app = startApp(t, await folderWithDatabase(t));
  const { databaseUrl, redisUrl } = await app.message();
  const identity = async () => [
    await query(databaseUrl, "SELECT pg_postmaster_start_time()::text"),
    /run_id:\w+/.exec(await redis(redisUrl, (client) => client.info("server")))?.[0],
  ];
  const engines = await descendants(app.pid);
  const before = await identity();
  sendSignal(-app.pid, "SIGINT");
  assert.equal((await app.message()).received, "SIGINT");
  assert.deepEqual(await identity(), before);
  await app.stop();
  assert.deepEqual(await stillRunning(engines), []);
});

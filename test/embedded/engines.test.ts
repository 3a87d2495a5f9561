import assert from "node:assert/strict";
import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { EngineError, startEngines } from "../../src/embedded/engines.ts";
import { startApp } from "./support/apps.ts";
import { asRoot, descendants, folder, onLinux, query, redis, silent } from "./support/engines.ts";

const both = { postgres: true, redis: true, log: silent };

test("two servers that start at the same time share one Postgres and one Valkey, which end with the first server", async (t) => {
  const dataDir = await folder(t);
  const apps = [startApp(t, dataDir), startApp(t, dataDir)];
  const messages = await Promise.all(apps.map((app) => app.message()));
  assert.deepEqual(messages.map(({ shared }) => shared).sort(), [false, true]);
  const [firstMessage, secondMessage] = messages;
  assert.ok(firstMessage && firstMessage.databaseUrl !== "" && firstMessage.redisUrl !== "");
  assert.equal(firstMessage.databaseUrl, secondMessage?.databaseUrl);
  assert.equal(firstMessage.redisUrl, secondMessage?.redisUrl);
  assert.equal((await stat(join(dataDir, "engines.json"))).mode & 0o777, 0o600);

  const sharing = apps[messages.findIndex(({ shared }) => shared)];
  const owner = apps[messages.findIndex(({ shared }) => !shared)];
  await sharing?.stop();
  assert.deepEqual(await query(firstMessage.databaseUrl, "SELECT 1"), [1]);
  assert.equal(await redis(firstMessage.redisUrl, (client) => client.ping()), "PONG");
  await owner?.stop();
  await assert.rejects(query(firstMessage.databaseUrl, "SELECT 1"));
  await assert.rejects(stat(join(dataDir, "engines.lock")), /ENOENT/);
});

test("files that a killed server has left do not delay the next start", async (t) => {
  const dataDir = await folder(t);
  const dead = { pid: 4_194_301, start: "1" };
  await writeFile(join(dataDir, "engines.lock"), JSON.stringify(dead));
  await writeFile(join(dataDir, "engines.json"), JSON.stringify({ ...dead, redisUrl: "redis://127.0.0.1:1" }));
  const startedAt = Date.now();
  const engines = await startEngines({ ...both, dataDir, postgres: false });
  t.after(() => engines.stop());
  assert.ok(Date.now() - startedAt < 2_000);
  assert.equal(engines.shared, false);
  assert.equal(engines.databaseUrl, undefined);
  assert.ok((await readFile(join(dataDir, "engines.json"), "utf8")).includes(`${process.pid}`));
  await assert.rejects(startEngines({ ...both, dataDir }), /has no embedded Postgres to share/);
});

test("when one engine fails to start, the other engine is stopped and the folder is unlocked", {
  skip: !onLinux,
}, async (t) => {
  const dataDir = await folder(t);
  await mkdir(join(dataDir, "postgres"));
  await writeFile(join(dataDir, "postgres", "PG_VERSION"), "15");
  await assert.rejects(startEngines({ ...both, dataDir }), /Postgres 15/);
  assert.deepEqual(await descendants(process.pid), []);
  await assert.rejects(stat(join(dataDir, "engines.lock")), /ENOENT/);
});

test("a data folder below a file is rejected with an error of one sentence", async (t) => {
  const file = join(await folder(t), "file");
  await writeFile(file, "");
  await assertRefused(join(file, "data"));
  await assertRefused(file);
});

test("a data folder that is not writable is rejected with an error of one sentence", {
  skip: !onLinux && asRoot,
}, async (t) => {
  const dataDir = await folder(t);
  await chmod(dataDir, 0o555);
  // Not even root can create a folder in /proc.
  await assertRefused(asRoot ? "/proc/haven" : dataDir);
  await chmod(dataDir, 0o755);
});

async function assertRefused(dataDir: string): Promise<void> {
  await assert.rejects(startEngines({ ...both, dataDir }), (error) => {
    assert.ok(error instanceof EngineError);
    assert.match(error.message, /^The folder .* for the embedded engines .*: set EMBEDDED_DATA_DIR .*REDIS_URL.*\.$/);
    assert.ok(error.message.includes(dataDir) && !error.message.includes("\n"));
    return true;
  });
}

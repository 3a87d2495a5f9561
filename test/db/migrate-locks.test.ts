import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { type MigrateOptions, migrate } from "../../src/db/migrate/migrate.ts";
import type { Migration } from "../../src/db/migrate/migration-files.ts";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { runProgram } from "../shared/run-program.ts";
import { freshDatabase, query } from "../shared/servers/stores/database.ts";

const migration = (name: string, sql: string): Migration => ({
  name,
  sql,
  checksum: createHash("sha256").update(sql).digest("hex"),
});

const run = (url: string, migrations: readonly Migration[], options: Partial<MigrateOptions> = {}) =>
  migrate({
    url,
    timeoutMs: 60_000,
    connectTimeoutMs: 5000,
    lockTimeoutMs: 500,
    pausesMs: [200],
    migrations,
    ...options,
  });

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

const created = migration("0001_items.sql", "CREATE TABLE items (id int PRIMARY KEY); INSERT INTO items VALUES (1)");
const altered = migration("0002_note.sql", "ALTER TABLE items ADD COLUMN note text");

/** Reads the table in one long transaction, as pg_dump does. */
async function startDump(url: string, applicationName = "pg_dump") {
  const client = new pg.Client({ connectionString: url, application_name: applicationName });
  client.on("error", () => undefined);
  await client.connect();
  atEnd(() => client.end());
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  await client.query("SELECT count(*) FROM items");
  const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  return { pid: rows[0]?.pid ?? 0, end: () => client.query("COMMIT") };
}

/** Reads the table repeatedly. A read fails if it waits for longer than `limitMs`. */
function readUntil(url: string, limitMs: number, finished: AbortSignal) {
  const reads = { done: 0 };
  const ended = (async () => {
    const client = new pg.Client({ connectionString: url, statement_timeout: limitMs });
    await client.connect();
    try {
      while (!finished.aborted) {
        await client.query("SELECT id FROM items");
        reads.done += 1;
      }
    } finally {
      await client.end();
    }
  })();
  ended.catch(() => undefined);
  return { reads, ended };
}

test("requests do not queue behind a migration that waits for a dump, and the migration is applied when the dump ends", async () => {
  const url = await freshDatabase({ migrated: false });
  await run(url, [created]);
  const dump = await startDump(url);
  const lines: string[] = [];
  const migrating = run(url, [created, altered], { onProgress: (line) => lines.push(line) });
  const finished = new AbortController();
  const reading = readUntil(url, 5000, finished.signal);

  await eventually(
    () => lines.length,
    (count) => count >= 3,
    30_000,
  );
  const before = reading.reads.done;
  await eventually(
    () => reading.reads.done,
    (done) => done > before,
    10_000,
  );
  finished.abort();
  await reading.ended;
  assert.match(
    lines[0] ?? "",
    new RegExp(
      `^0002_note\\.sql: a lock is not available; retrying in 0\\.2 s\\. Blocked by pid ${dump.pid} \\(application "pg_dump", idle in transaction, transaction open since \\d{4}-\\S+Z; a backup: migrate after it has finished\\)`,
    ),
  );
  assert.doesNotMatch(lines.join(), /SELECT count/);

  await dump.end();
  assert.deepEqual(await migrating, ["0002_note.sql"]);
});

test("a migration that never gets its lock fails after a bounded time, names the blocking session, and changes nothing", async () => {
  const url = await freshDatabase({ migrated: false });
  await run(url, [created]);
  const holder = await startDump(url, "psql");
  const broken = run(
    url,
    [created, migration("0002_other.sql", "CREATE TABLE other ()"), { ...altered, name: "0003_note.sql" }],
    {
      timeoutMs: 2000,
    },
  );
  await assert.rejects(broken, (error: Error) => {
    assert.match(error.message, /^0003_note\.sql: a lock was not available in \d+ attempts?\. Blocked by pid/);
    assert.match(
      error.message,
      new RegExp(`a transaction was left open; to end it: SELECT pg_terminate_backend\\(${holder.pid}\\)`),
    );
    return true;
  });
  const history = await query<{ name: string }>(url, "SELECT name FROM schema_migrations");
  assert.deepEqual(history, [{ name: "0001_items.sql" }]);
});

test("the shipped command waits 2 to 3 seconds for a lock, and reports the blocking session on stderr", async () => {
  const url = await freshDatabase();
  await query(
    url,
    `DROP TABLE photos, stored_files, files_to_remove; ALTER TABLE users DROP COLUMN avatar_file;
     DELETE FROM schema_migrations WHERE name = '0005_photos.sql'`,
  );
  const holder = new pg.Client({ connectionString: url, application_name: "report" });
  await holder.connect();
  atEnd(() => holder.end());
  await holder.query("BEGIN");
  await holder.query("SELECT count(*) FROM users");
  const child = spawn(process.execPath, [main, "migrate"], { env: { PATH: process.env["PATH"], DATABASE_URL: url } });
  const ended = once(child, "close");
  atEnd(() => void child.kill("SIGKILL"));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk));

  // Wait until the ALTER TABLE is queued. From then on, a read waits as long as the ALTER TABLE does.
  await eventually(
    () => query(url, "SELECT FROM pg_locks WHERE relation = 'users'::regclass AND NOT granted"),
    ({ length }) => length > 0,
    20_000,
  );
  const startedAt = performance.now();
  await query(url, "SET statement_timeout = 15000; SELECT count(*) FROM users");
  assert.ok(performance.now() - startedAt < 10_000);
  await eventually(
    () => output,
    (text) =>
      /^0005_photos\.sql: a lock is not available; retrying in 1 s\. Blocked by pid \d+ \(application "report"/.test(
        text,
      ),
    20_000,
  );
  await holder.query("COMMIT");
  assert.deepEqual(await ended, [0, null]);
  assert.match(output, /Applied 0005_photos\.sql\.\n$/);
});

test("`migrate status` lists applied and pending migrations, and exits with 3 if there are pending ones", async () => {
  const url = await freshDatabase({ migrated: false });
  const runMain = (...args: string[]) =>
    runProgram(process.execPath, [main, ...args], { env: { PATH: process.env["PATH"], DATABASE_URL: url } });
  const empty = await runMain("migrate", "status");
  assert.equal(empty.code, 3, empty.output);
  assert.match(empty.output, /^pending {2}0001_users\.sql\n(?:pending {2}\S+\n)+\d+ pending\.\n$/);
  assert.deepEqual(await query(url, "SELECT FROM pg_class WHERE relname = 'schema_migrations'"), []);

  assert.equal((await runMain("migrate")).code, 0);
  const full = await runMain("migrate", "status");
  assert.equal(full.code, 0, full.output);
  assert.match(full.output, /^applied {2}0001_users\.sql {2}\d{4}-\S+Z\n(?:.*\n)*0 pending\.\n$/);

  await query(url, "UPDATE schema_migrations SET checksum = 'x' WHERE name = '0001_users.sql'");
  const changed = await runMain("migrate", "status");
  assert.equal(changed.code, 1);
  assert.match(changed.output, /^changed {2}0001_users\.sql/);
});

test("`migrate` with unknown arguments prints its usage and exits with 64", async () => {
  for (const args of [
    ["up"],
    ["status", "now"],
    ["--grant-to"],
    ["--grant-to="],
    ["status", "--grant-to", "a"],
    ["-x"],
  ]) {
    const { code, output } = await runProgram(process.execPath, [main, "migrate", ...args], {
      env: { PATH: process.env["PATH"] },
    });
    assert.equal(code, 64, args.join(" "));
    assert.match(output, /^Usage: .* migrate/);
  }
});

const indexFile = (name: string, sql: string) => migration(name, `-- haven: no-transaction\n${sql}`);
const indexes = (url: string) =>
  query<{ name: string; valid: boolean }>(
    url,
    "SELECT indexrelid::regclass::text AS name, indisvalid AS valid FROM pg_index WHERE indrelid = 'items'::regclass ORDER BY 1",
  );

test("a migration that is marked to run outside a transaction builds an index without blocking writes", async () => {
  const url = await freshDatabase({ migrated: false });
  const files = [
    created,
    indexFile("0002_index.sql", "CREATE INDEX CONCURRENTLY IF NOT EXISTS items_by_id ON items (id DESC);"),
    migration("0003_other.sql", "CREATE TABLE other ()"),
  ];
  const results = await Promise.all([run(url, files), run(url, files), run(url, files)]);
  assert.deepEqual(results.flat().sort(), files.map(({ name }) => name).sort());
  assert.deepEqual(await indexes(url), [
    { name: "items_by_id", valid: true },
    { name: "items_pkey", valid: true },
  ]);
});

test("an invalid index of a failed attempt is dropped at once, or before the next attempt", async () => {
  const url = await freshDatabase({ migrated: false });
  await run(url, [
    created,
    migration("0002_n.sql", "ALTER TABLE items ADD COLUMN n int; INSERT INTO items VALUES (2)"),
  ]);
  await query(url, "UPDATE items SET n = 1");
  const unique = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS items_n ON items (n)";
  const before = [created, migration("0002_n.sql", "ALTER TABLE items ADD COLUMN n int; INSERT INTO items VALUES (2)")];
  const files = [...before, indexFile("0003_unique.sql", unique)];
  await assert.rejects(run(url, files), /0003_unique\.sql failed: could not create unique index "items_n"/);
  assert.deepEqual(await indexes(url), [{ name: "items_pkey", valid: true }]);

  // The failed attempt leaves an invalid index behind, like a killed process.
  await query(url, unique).catch(() => undefined);
  assert.equal((await indexes(url)).length, 2);
  await query(url, "UPDATE items SET n = id");
  assert.deepEqual(await run(url, files), ["0003_unique.sql"]);
  assert.deepEqual(await indexes(url), [
    { name: "items_n", valid: true },
    { name: "items_pkey", valid: true },
  ]);
});

test("a concurrent index build waits for a dump without a lock timeout, and reports it once", async () => {
  const url = await freshDatabase({ migrated: false });
  await run(url, [created]);
  const dump = await startDump(url);
  const lines: string[] = [];
  const index = indexFile("0002_index.sql", "CREATE INDEX CONCURRENTLY IF NOT EXISTS items_by_id ON items (id DESC)");
  const migrating = run(url, [created, index], { onProgress: (line) => lines.push(line) });
  await eventually(
    () => lines,
    ([line]) => line?.includes(`waiting for older transactions. Blocked by pid ${dump.pid} `) === true,
    20_000,
  );
  await query(url, "INSERT INTO items VALUES (3)");
  await dump.end();
  assert.deepEqual(await migrating, ["0002_index.sql"]);
  assert.equal(lines.length, 1);
});

test("a migration that is marked to run outside a transaction is rejected before it is applied if it cannot be retried", async () => {
  const url = await freshDatabase({ migrated: false });
  const index = indexFile("0002_index.sql", "CREATE INDEX CONCURRENTLY items_by_id ON items (id DESC)");
  await assert.rejects(run(url, [created, index]), /0002_index\.sql: write CREATE INDEX CONCURRENTLY IF NOT EXISTS/);
  const two = indexFile("0002_two.sql", "SELECT 1; SELECT 2");
  await assert.rejects(run(url, [created, two]), /0002_two\.sql failed: cannot insert multiple commands/);
});

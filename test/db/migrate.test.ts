import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { migrate } from "../../src/db/migrate/migrate.ts";
import { type Migration, MigrationError, readMigrations } from "../../src/db/migrate/migration-files.ts";
import { freshDatabase, query } from "../shared/servers/stores/database.ts";

const migration = (name: string, sql: string): Migration => ({
  name,
  sql,
  checksum: createHash("sha256").update(sql).digest("hex"),
});

const run = (url: string, migrations?: readonly Migration[]) =>
  migrate({ url, timeoutMs: 10_000, connectTimeoutMs: 2000, ...(migrations && { migrations }) });

const tables = async (url: string) =>
  (
    await query<{ name: string }>(
      url,
      "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
    )
  )
    .map(({ name }) => name)
    .sort();

test("the shipped migrations apply to an empty database, once", async () => {
  const url = await freshDatabase({ migrated: false });
  const shipped = (await readMigrations()).map(({ name }) => name);
  assert.deepEqual(await run(url), shipped);
  assert.deepEqual(await run(url), []);
});

test("ten concurrent runs apply each migration exactly once", async () => {
  const url = await freshDatabase({ migrated: false });
  const slow = [
    migration("0001_a.sql", "CREATE TABLE a (); SELECT pg_sleep(0.2)"),
    migration("0002_b.sql", "CREATE TABLE b ()"),
  ];
  const results = await Promise.all(Array.from({ length: 10 }, () => run(url, slow)));
  assert.equal(results.flat().length, 2);
});

test("the error names a failed migration, and the schema is unchanged", async () => {
  const url = await freshDatabase({ migrated: false });
  const broken = [
    migration("0001_good.sql", "CREATE TABLE good ()"),
    migration("0002_bad.sql", "CREATE TABLE half (); SELECT 1/0"),
  ];
  await assert.rejects(
    run(url, broken),
    (error) => error instanceof MigrationError && /0002_bad\.sql.*division by zero/.test(error.message),
  );
  assert.deepEqual(await tables(url), []);
});

test("a migration that was changed after it had been applied is rejected by name", async () => {
  const url = await freshDatabase({ migrated: false });
  await run(url, [migration("0001_a.sql", "CREATE TABLE a ()")]);
  await assert.rejects(run(url, [migration("0001_a.sql", "CREATE TABLE b ()")]), /0001_a\.sql was changed/);
});

test("a database with migrations of a later version is accepted", async () => {
  const url = await freshDatabase({ migrated: false });
  await run(url, [migration("0001_a.sql", "CREATE TABLE a ()"), migration("0002_b.sql", "CREATE TABLE b ()")]);
  assert.deepEqual(await run(url, [migration("0001_a.sql", "CREATE TABLE a ()")]), []);
});

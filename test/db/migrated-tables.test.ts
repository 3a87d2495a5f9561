import assert from "node:assert/strict";
import { test } from "node:test";
import { tablesOf } from "../../src/db/migrate/migrated-tables.ts";
import { readMigrations } from "../../src/db/migrate/migration-files.ts";
import { freshDatabase, query } from "../shared/servers/stores/database.ts";

test("the tables that are read from the migration files are the tables of a migrated database", async () => {
  const url = await freshDatabase();
  const names = tablesOf(await readMigrations());
  const found = await query<{ tablename: string }>(
    url,
    "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migrations'",
  );
  assert.deepEqual(names.filter((name) => !name.includes(".")).sort(), found.map(({ tablename }) => tablename).sort());
  const missing = await query(
    url,
    `SELECT name FROM unnest('{${names}}'::text[]) AS name WHERE to_regclass(name) IS NULL`,
  );
  assert.deepEqual(missing, []);
});

test("a table that a later migration drops or renames is not expected under its old name", () => {
  const migrations = [
    { sql: "CREATE TABLE kept (id int);\nCREATE TABLE IF NOT EXISTS old (id int); -- CREATE TABLE noted (id int)" },
    { sql: "CREATE TABLE gone (id int); ALTER TABLE old RENAME TO new; ALTER TABLE kept RENAME COLUMN id TO number;" },
    { sql: "DROP TABLE gone;" },
  ];
  assert.deepEqual(tablesOf(migrations), ["kept", "new"]);
});

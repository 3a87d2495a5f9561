import type pg from "pg";
import { type Migration, MigrationError } from "./migration-files.ts";

export type MigrationHistory = ReadonlyMap<string, { checksum: string; appliedAt: Date }>;

/** Creates the table if it is missing. `CREATE TABLE IF NOT EXISTS` requires the right to create tables even if the table exists. */
export async function createHistory(client: pg.Client): Promise<void> {
  if (await historyExists(client)) return;
  await client.query(
    "CREATE TABLE schema_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())",
  );
}

export async function readHistory(client: pg.Client): Promise<MigrationHistory> {
  if (!(await historyExists(client))) return new Map();
  const { rows } = await client.query<{ name: string; checksum: string; appliedAt: Date }>(
    'SELECT name, checksum, applied_at AS "appliedAt" FROM schema_migrations ORDER BY name',
  );
  return new Map(rows.map(({ name, ...applied }) => [name, applied]));
}

async function historyExists(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ exists: boolean }>(
    "SELECT to_regclass('schema_migrations') IS NOT NULL AS exists",
  );
  return rows[0]?.exists === true;
}

export async function recordMigration(client: pg.Client, { name, checksum }: Migration): Promise<void> {
  await client.query("INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)", [name, checksum]);
}

export function pendingMigrations(allMigrations: readonly Migration[], history: MigrationHistory): Migration[] {
  const changed = allMigrations.find((migration) => isChanged(migration, history));
  if (changed !== undefined)
    throw new MigrationError(`${changed.name} was changed after it had been applied. Write a new migration instead.`);
  return allMigrations.filter(({ name }) => !history.has(name));
}

export function isChanged({ name, checksum }: Migration, history: MigrationHistory): boolean {
  const applied = history.get(name);
  return applied !== undefined && applied.checksum !== checksum;
}

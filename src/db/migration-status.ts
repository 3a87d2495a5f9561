import pg from "pg";
import { type Migration, readMigrations } from "./migration-files.ts";
import { isChanged, type MigrationHistory, readHistory } from "./migration-history.ts";

export type MigrationState = "applied" | "pending" | "changed" | "newer";

export type MigrationStatus = { name: string; state: MigrationState; appliedAt: Date | undefined };

export type StatusOptions = {
  url: string;
  timeoutMs: number;
  connectTimeoutMs: number;
  migrations?: readonly Migration[];
};

/** Read-only, so that a role without the right to change the schema can run it. */
export async function migrationStatus({ url, timeoutMs, connectTimeoutMs, migrations }: StatusOptions) {
  const wanted = migrations ?? (await readMigrations());
  const client = new pg.Client({
    connectionString: url,
    application_name: "haven-migrate",
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: timeoutMs,
    query_timeout: timeoutMs + 1000,
  });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return compare(wanted, await readHistory(client));
  } finally {
    await client.end();
  }
}

/** `newer`: applied by a later version of Haven; it is ignored. */
function compare(wanted: readonly Migration[], history: MigrationHistory): MigrationStatus[] {
  const shipped = wanted.map((migration): MigrationStatus => {
    const appliedAt = history.get(migration.name)?.appliedAt;
    if (appliedAt === undefined) return { name: migration.name, state: "pending", appliedAt };
    return { name: migration.name, state: isChanged(migration, history) ? "changed" : "applied", appliedAt };
  });
  const names = new Set(wanted.map(({ name }) => name));
  const others = [...history]
    .filter(([name]) => !names.has(name))
    .map(([name, { appliedAt }]): MigrationStatus => ({ name, state: "newer", appliedAt }));
  return [...shipped, ...others].sort((a, b) => (a.name < b.name ? -1 : 1));
}

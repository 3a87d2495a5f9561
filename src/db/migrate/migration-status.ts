import { createConnector, type PostgresSource } from "../connect/connector.ts";
import { type Migration, readMigrations } from "./migration-files.ts";
import { isChanged, type MigrationHistory, readHistory } from "./migration-history.ts";

export type MigrationState = "applied" | "pending" | "changed" | "newer";

export type MigrationStatus = { name: string; state: MigrationState; appliedAt: Date | undefined };

export type StatusOptions = PostgresSource & {
  timeoutMs: number;
  migrations?: readonly Migration[];
};

/** Reads the status of all migrations. It changes nothing, so a role without the right to change the schema can run it. */
export async function migrationStatus({ timeoutMs, migrations, ...source }: StatusOptions) {
  const allMigrations = migrations ?? (await readMigrations());
  const settings = { applicationName: "haven-migrate", statementTimeoutMs: timeoutMs };
  const { client } = await createConnector(source).open(settings);
  try {
    return compare(allMigrations, await readHistory(client));
  } finally {
    await client.end();
  }
}

/** Compares the files with the history. A `newer` migration was applied by a later version of Haven and is ignored. */
function compare(allMigrations: readonly Migration[], history: MigrationHistory): MigrationStatus[] {
  const shipped = allMigrations.map((migration): MigrationStatus => {
    const appliedAt = history.get(migration.name)?.appliedAt;
    if (appliedAt === undefined) return { name: migration.name, state: "pending", appliedAt };
    return { name: migration.name, state: isChanged(migration, history) ? "changed" : "applied", appliedAt };
  });
  const names = new Set(allMigrations.map(({ name }) => name));
  const others = [...history]
    .filter(([name]) => !names.has(name))
    .map(([name, { appliedAt }]): MigrationStatus => ({ name, state: "newer", appliedAt }));
  return [...shipped, ...others].sort((a, b) => (a.name < b.name ? -1 : 1));
}

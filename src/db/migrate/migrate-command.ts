import { parseArgs } from "node:util";
import type { PostgresSource } from "../connect/connector.ts";
import { migrate } from "./migrate.ts";
import { type MigrationStatus, migrationStatus } from "./migration-status.ts";

export const migrateUsage = `Usage: node dist/main.js migrate [--grant-to ROLE]
       node dist/main.js migrate status

  migrate          apply the pending migrations. A migration that waits for a lock times out
                   after 2 seconds, so that requests do not queue behind it. It is retried
                   until MIGRATION_TIMEOUT_MS, and the blocking session is printed.
  --grant-to ROLE  also grant ROLE the right to read and write rows, but not to change
                   tables, so that the server can run with that role.
  migrate status   list applied and pending migrations, without changes.

Exit codes: 0 done, or nothing pending; 1 failed, or an applied file was changed; 3 migrations
are pending (status only); 64 wrong command line; 78 invalid settings.
`;

export type MigrateAction =
  | { action: "apply"; grantTo: string | undefined }
  | { action: "status" }
  | { action: "help" };

/** Returns undefined if the arguments are invalid. */
export function readMigrateArguments(args: readonly string[]): MigrateAction | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { help: { type: "boolean", short: "h" }, "grant-to": { type: "string" } },
    });
    const grantTo = values["grant-to"];
    if (values.help) return { action: "help" };
    if (grantTo === "" || positionals.length > 1) return undefined;
    if (positionals.length === 0) return { action: "apply", grantTo };
    return positionals[0] === "status" && grantTo === undefined ? { action: "status" } : undefined;
  } catch {
    return undefined;
  }
}

type Database = PostgresSource & { migrationTimeoutMs: number; statementTimeoutMs: number };

export type MigrateOutcome = { output: string; state: "done" | "pending" | "changed" };

export async function applyMigrations(
  database: Database,
  grantTo: string | undefined,
  onProgress: (message: string) => void,
): Promise<MigrateOutcome> {
  const applied = await migrate({ ...database, timeoutMs: database.migrationTimeoutMs, grantTo, onProgress });
  const output = applied.length === 0 ? "The schema is up to date.\n" : `Applied ${applied.join(", ")}.\n`;
  return { output, state: "done" };
}

export async function showStatus(database: Database): Promise<MigrateOutcome> {
  const migrations = await migrationStatus({ ...database, timeoutMs: database.statementTimeoutMs });
  const count = (state: MigrationStatus["state"]) => migrations.filter((migration) => migration.state === state).length;
  const lines = migrations.map(
    ({ name, state, appliedAt }) =>
      `${state.padEnd(7)}  ${name}${appliedAt === undefined ? "" : `  ${appliedAt.toISOString()}`}`,
  );
  const output = `${[...lines, `${count("pending")} pending.`].join("\n")}\n`;
  if (count("changed") > 0) return { output, state: "changed" };
  return { output, state: count("pending") > 0 ? "pending" : "done" };
}

import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

export type Migration = { name: string; sql: string; checksum: string };

export class MigrationError extends Error {
  override readonly name = "MigrationError";
}

const shippedFolder = fileURLToPath(new URL("../migrations/", import.meta.url));

/** Returns the names in the order in which the files are applied. */
export async function listMigrations(folder: string = shippedFolder): Promise<string[]> {
  return (await readdir(folder)).filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name)).sort();
}

export async function readMigrations(folder: string = shippedFolder): Promise<Migration[]> {
  return Promise.all(
    (await listMigrations(folder)).map(async (name) => {
      const sql = await readFile(`${folder}/${name}`, "utf8");
      return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
    }),
  );
}

/** Returns whether the first line is `-- haven: no-transaction`, for one statement that cannot run inside a transaction. */
export const runsOutsideTransaction = ({ sql }: Pick<Migration, "sql">): boolean =>
  /^--\s*haven:\s*no-transaction\s*$/.test(sql.split("\n", 1)[0] ?? "");

export type ConcurrentIndex = { name: string; ifNotExists: boolean };

/**
 * Returns the index that a statement builds with CONCURRENTLY. If that fails, Postgres leaves an invalid index behind.
 */
export function concurrentIndexOf({ sql }: Pick<Migration, "sql">): ConcurrentIndex | undefined {
  const statement = withoutComments(sql);
  const match =
    /^CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(IF\s+NOT\s+EXISTS\s+)?(?!ON\s)("[^"]+"|[a-z_][a-z0-9_$]*)/i.exec(
      statement,
    );
  const [, ifNotExists, name] = match ?? [];
  return name === undefined ? undefined : { name, ifNotExists: ifNotExists !== undefined };
}

/** These statements wait for older transactions without blocking reads or writes, so they need no lock timeout. */
export const waitsWithoutBlocking = ({ sql }: Pick<Migration, "sql">): boolean =>
  /^(?:CREATE\s+(?:UNIQUE\s+)?INDEX|DROP\s+INDEX|REINDEX\s+(?:INDEX|TABLE))\s+CONCURRENTLY\s/i.test(
    withoutComments(sql),
  );

/** Rejects mistakes that would otherwise appear only in a retry after a failed attempt. */
export function assertRepeatable(migration: Migration): void {
  if (!runsOutsideTransaction(migration)) return;
  const buildsIndex = /\bINDEX\s+CONCURRENTLY\b/i.test(withoutComments(migration.sql));
  const index = concurrentIndexOf(migration);
  if (buildsIndex && /^CREATE/i.test(withoutComments(migration.sql)) && index?.ifNotExists !== true) {
    throw new MigrationError(
      `${migration.name}: write CREATE INDEX CONCURRENTLY IF NOT EXISTS with a name, so that the file can be retried.`,
    );
  }
}

const withoutComments = (sql: string): string => sql.replaceAll(/--[^\n]*/g, "").trim();

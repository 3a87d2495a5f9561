import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";

export type Migration = { name: string; sql: string; checksum: string };

export class MigrationError extends Error {
  override readonly name = "MigrationError";
}

/** An arbitrary number that all instances agree on. */
const advisoryLock = 4_000_814_001;
const shippedFolder = fileURLToPath(new URL("./migrations/", import.meta.url));

export async function readMigrations(folder: string = shippedFolder): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(`${folder}/${name}`, "utf8");
      return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
    }),
  );
}

export type MigrateOptions = {
  url: string;
  timeoutMs: number;
  connectTimeoutMs: number;
  migrations?: readonly Migration[];
};

/**
 * Applies what is missing and returns its names. All of it happens in one transaction under one advisory lock:
 * instances that start together wait for each other, and a migration that fails leaves the schema as it was.
 */
export async function migrate({ url, timeoutMs, connectTimeoutMs, migrations }: MigrateOptions): Promise<string[]> {
  const wanted = migrations ?? (await readMigrations());
  const client = new pg.Client({
    connectionString: url,
    application_name: "haven-migrate",
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: timeoutMs,
    query_timeout: timeoutMs + 1000,
    keepAlive: true,
  });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query("BEGIN");
    await client.query("SELECT pg_advisory_xact_lock($1)", [advisoryLock]);
    await client.query(
      "CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())",
    );
    const applied = await applyMissing(client, wanted);
    await client.query("COMMIT");
    return applied;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  } finally {
    await client.end();
  }
}

async function applyMissing(client: pg.Client, wanted: readonly Migration[]): Promise<string[]> {
  const { rows } = await client.query<{ name: string; checksum: string }>(
    "SELECT name, checksum FROM schema_migrations",
  );
  const done = new Map(rows.map(({ name, checksum }) => [name, checksum]));
  const applied: string[] = [];
  for (const { name, sql, checksum } of wanted) {
    const before = done.get(name);
    if (before === checksum) continue;
    if (before !== undefined)
      throw new MigrationError(`${name} was changed after it had been applied; write a new migration instead.`);
    await client.query(sql).catch((cause: unknown) => {
      throw new MigrationError(`${name} failed and nothing was changed: ${statementFault(cause)}`, { cause });
    });
    await client.query("INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)", [name, checksum]);
    applied.push(name);
  }
  return applied;
}

/** What Postgres says of a statement of ours holds no secret; what a connection says may. */
function statementFault(error: unknown): string {
  return error instanceof pg.DatabaseError ? `${error.message} (SQLSTATE ${error.code})` : "the connection was lost.";
}

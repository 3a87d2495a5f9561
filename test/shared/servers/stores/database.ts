import pg from "pg";
import { migrate } from "../../../../src/db/migrate/migrate.ts";
import { atEnd } from "../../at-end.ts";

const template = "haven_template";

/** The role of the servers under test: as in production, it can change rows but not tables. */
export const appRole = { name: "haven_app", password: "an-app-role-of-the-suite" };

/** Creates the migrated template database, once for a run of the suite. */
export async function prepareTemplate(url: string): Promise<void> {
  await asAdmin(url, [
    `CREATE DATABASE ${template}`,
    `CREATE ROLE ${appRole.name} LOGIN PASSWORD '${appRole.password}'`,
  ]);
  await migrate({
    url: withDatabase(url, template),
    timeoutMs: 30_000,
    connectTimeoutMs: 5000,
    grantTo: appRole.name,
  });
}

/** Returns the URL with which a server connects to the same database. Tests themselves connect as the owner. */
export function asAppRole(url: string): string {
  const parsed = new URL(url);
  parsed.username = appRole.name;
  parsed.password = appRole.password;
  return parsed.href;
}

/** Creates a migrated database for this test file, and drops it after the file. */
export async function freshDatabase({ migrated = true } = {}): Promise<string> {
  const url = variableOfRun("TEST_DATABASE_URL");
  const name = `test_${process.pid}_${Math.random().toString(36).slice(2, 8)}`;
  await asAdmin(url, [`CREATE DATABASE ${name} ${migrated ? `TEMPLATE ${template}` : ""}`]);
  atEnd(() => asAdmin(url, [`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`]));
  return withDatabase(url, name);
}

export async function query<Row extends pg.QueryResultRow>(
  url: string,
  sql: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

/** Makes a database read-only for the servers under test, or writable again. */
export async function setReadOnly(url: string, isReadOnly: boolean): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  const value = isReadOnly ? "SET default_transaction_read_only = on" : "RESET default_transaction_read_only";
  // The setting applies to new connections only, so the open ones are ended.
  const endConnections = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}' AND usename = '${appRole.name}'`;
  // The statements run in another database, because a read-only database rejects changes of its own settings.
  await asAdmin(url, [`ALTER DATABASE ${name} ${value}`, endConnections]);
}

/** Returns an environment variable that `npm test` sets for the test files. */
export function variableOfRun(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run tests with npm test -- FILE`);
  return value;
}

async function asAdmin(url: string, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await query(withDatabase(url, "postgres"), statement);
}

function withDatabase(url: string, name: string): string {
  const parsed = new URL(url);
  parsed.pathname = `/${name}`;
  return parsed.href;
}

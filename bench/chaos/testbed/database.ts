import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { atEnd } from "../../../test/shared/at-end.ts";
import { runProgram } from "../../../test/shared/run-program.ts";
import { appRole, query } from "../../../test/shared/servers/stores/database.ts";
import type { Row } from "../load/ledger.ts";
import { createCompetingClients } from "./competing-clients.ts";
import type { Postgres } from "./postgres.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const owner = "app";

/** Creates the database as in production: one role owns and migrates it, the servers connect as another role. */
export async function createDatabase(postgres: Pick<Postgres, "adminUrl">, name: string) {
  const password = "chaos";
  const admin = new URL(postgres.adminUrl);
  for (const role of [{ name: owner, password }, appRole]) {
    await query(
      admin.href,
      `DO $$ BEGIN CREATE ROLE ${role.name} LOGIN PASSWORD '${role.password}'; EXCEPTION WHEN duplicate_object THEN END $$`,
    );
  }
  await query(admin.href, `CREATE DATABASE ${name} OWNER ${owner}`);
  admin.pathname = `/${name}`;
  const url = new URL(admin);
  url.username = owner;
  url.password = password;
  await migrate(root, url.href);
  /** Returns the present address, which changes when another Postgres becomes the primary. */
  const adminUrl = () => {
    const current = new URL(postgres.adminUrl);
    current.pathname = `/${name}`;
    return current.href;
  };
  return {
    url: url.href,
    get adminUrl() {
      return adminUrl();
    },
    rows: () => query<Row>(adminUrl(), "SELECT name, id FROM properties WHERE name LIKE 'write %'"),
    connections: async (): Promise<number> => {
      const sql =
        "SELECT count(*)::int AS count FROM pg_stat_activity WHERE usename = $1 AND application_name LIKE 'haven%'";
      return (await query<{ count: number }>(adminUrl(), sql, [appRole.name]))[0]?.count ?? 0;
    },
    /** Migrates to a made-up next release, which adds a column and an index to `properties`. */
    migrateToNextRelease: () => migrate(nextRelease(), url.href),
    competingClients: createCompetingClients({ url: url.href, adminUrl: admin.href }),
  };
}

export type Database = Awaited<ReturnType<typeof createDatabase>>;

/** Inserts rows that the users do not read, so that the migration of `properties` takes a noticeable time. */
export async function fillProperties({ adminUrl }: Database, rows: number): Promise<void> {
  const sql = `INSERT INTO properties (id, owner_id, name, kind, address)
    SELECT gen_random_uuid(), (SELECT id FROM users LIMIT 1), 'ballast ' || n, 'house',
      jsonb_build_object('line1', n || ' Example Street', 'city', 'City ' || n % 1000, 'postalCode', '12345', 'country', 'US')
    FROM generate_series(1, ${rows}) AS n`;
  await query(adminUrl, sql);
  await query(adminUrl, "ANALYZE properties");
}

async function migrate(folder: string, url: string): Promise<void> {
  const env = { PATH: process.env["PATH"], NODE_ENV: "production", DATABASE_URL: url };
  const { code, output } = await runProgram(
    process.execPath,
    [join(folder, "src/main.ts"), "migrate", "--grant-to", appRole.name],
    { env },
  );
  if (code !== 0) throw new Error(output);
}

function nextRelease(): string {
  const folder = mkdtempSync(join(tmpdir(), "haven-next-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ["src", "package.json"]) cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const sql = `ALTER TABLE properties ADD COLUMN remarks text NOT NULL DEFAULT '';
CREATE INDEX properties_by_city ON properties (owner_id, (address ->> 'city'), id DESC);\n`;
  writeFileSync(join(folder, "src/db/migrations/9999_property_remarks.sql"), sql);
  return folder;
}

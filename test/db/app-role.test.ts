import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { migrate } from "../../src/db/migrate/migrate.ts";
import { type Migration, readMigrations } from "../../src/db/migrate/migration-files.ts";
import { atEnd } from "../shared/at-end.ts";
import { sameSecret } from "../shared/requests/people.ts";
import { runProgram } from "../shared/run-program.ts";
import { startHavenProcess } from "../shared/servers/haven-process.ts";
import { freshDatabase, query } from "../shared/servers/stores/database.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** Creates a database with an owner role and a serving role; neither is a superuser. */
async function twoRoles() {
  const admin = await freshDatabase({ migrated: false });
  const suffix = randomBytes(4).toString("hex");
  const [owner, app] = [`owner_${suffix}`, `app "${suffix}`];
  const name = new URL(admin).pathname.slice(1);
  await query(
    admin,
    `CREATE ROLE ${owner} LOGIN PASSWORD 'pw'; CREATE ROLE ${pg.escapeIdentifier(app)} LOGIN PASSWORD 'pw';
     ALTER DATABASE ${name} OWNER TO ${owner}; REVOKE TEMPORARY ON DATABASE ${name} FROM PUBLIC`,
  );
  const as = (role: string) => {
    const url = new URL(admin);
    url.username = encodeURIComponent(role);
    url.password = "pw";
    return url.href;
  };
  atEnd(async () => {
    await query(admin, `DROP OWNED BY ${owner} CASCADE; DROP OWNED BY ${pg.escapeIdentifier(app)}`);
    await query(admin, `ALTER DATABASE ${name} OWNER TO CURRENT_USER`);
    await query(admin, `DROP ROLE ${owner}; DROP ROLE ${pg.escapeIdentifier(app)}`);
  });
  return { admin, owner: as(owner), app: as(app), appName: app };
}

const run = (url: string, ...args: string[]) =>
  runProgram(process.execPath, [main, ...args], { env: { PATH: process.env["PATH"], DATABASE_URL: url } });

const assertForbidden = (promise: Promise<unknown>, what: string) =>
  assert.rejects(promise, (error) => error instanceof pg.DatabaseError && error.code === "42501", what);

test("one role migrates, and the server runs in production with a role that cannot change tables", async () => {
  const { owner, app, appName } = await twoRoles();
  const migrated = await run(owner, "migrate", "--grant-to", appName);
  assert.equal(migrated.code, 0, migrated.output);

  // Ready proves that the server can read the table of migrations.
  const haven = await startHavenProcess({
    entry: "main",
    env: {
      NODE_ENV: "production",
      DATABASE_URL: app,
      READY_REQUIRES: "postgres,schema",
      OVERLOAD_DELAY_MS: "0",
      ...sameSecret,
    },
  });
  const body = { email: "ada@example.org", password: "a long sentence", name: "Ada" };
  const registered = await fetch(`${haven.url}/api/v1/auth/register`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(registered.status, 201, await registered.text());

  for (const sql of [
    "TRUNCATE photos",
    "ALTER TABLE users ADD COLUMN x int",
    "DROP TABLE photos",
    "CREATE TABLE x ()",
    "CREATE TEMPORARY TABLE x ()",
    "CREATE INDEX x ON users (name)",
    "DELETE FROM schema_migrations",
    "INSERT INTO schema_migrations (name, checksum) VALUES ('9999_x.sql', '')",
  ])
    await assertForbidden(query(app, sql), sql);
});

test("`migrate status`, and `migrate` without pending migrations, work with the serving role", async () => {
  const { owner, app, appName } = await twoRoles();
  await run(owner, "migrate", "--grant-to", appName);
  assert.match((await run(app, "migrate", "status")).output, /\n0 pending\.\n$/);
  assert.deepEqual(await run(app, "migrate"), { code: 0, output: "The schema is up to date.\n" });
});

test("a table of a later migration is granted in the same run, with no further privileges", async () => {
  const { owner, app, appName } = await twoRoles();
  await run(owner, "migrate", "--grant-to", appName);
  const sql = "CREATE TABLE later (id bigint GENERATED ALWAYS AS IDENTITY, n int DEFAULT 1)";
  const later: Migration = { name: "9000_later.sql", sql, checksum: createHash("sha256").update(sql).digest("hex") };
  const migrations = [...(await readMigrations()), later];
  const limits = { timeoutMs: 30_000, connectTimeoutMs: 5000, migrations };
  assert.deepEqual(await migrate({ url: owner, ...limits, grantTo: appName }), ["9000_later.sql"]);
  assert.deepEqual(await query(app, "INSERT INTO later DEFAULT VALUES RETURNING n"), [{ n: 1 }]);
  await assertForbidden(query(app, "TRUNCATE later"), "TRUNCATE");
});

test("an unknown role in --grant-to fails with one sentence, and the schema is unchanged", async () => {
  const { owner, admin } = await twoRoles();
  assert.deepEqual(await run(owner, "migrate", "--grant-to", "nobody_of_that_name"), {
    code: 1,
    output: "The role in --grant-to does not exist. Create it first (docs/migrations.md).\n",
  });
  assert.deepEqual(await query(admin, "SELECT FROM pg_class WHERE relname IN ('users', 'schema_migrations')"), []);
});

test("a blocking session whose details are not visible to the owner is reported by its pid", async () => {
  const { owner, app, appName } = await twoRoles();
  await run(owner, "migrate", "--grant-to", appName);
  const holder = new pg.Client({ connectionString: app });
  await holder.connect();
  atEnd(() => holder.end());
  await holder.query("BEGIN");
  const { rows } = await holder.query<{ pid: number }>(
    "SELECT pg_backend_pid() AS pid FROM (SELECT FROM users) u RIGHT JOIN (VALUES (1)) v ON true",
  );
  const sql = "ALTER TABLE users ADD COLUMN note text";
  const later: Migration = { name: "9000_note.sql", sql, checksum: createHash("sha256").update(sql).digest("hex") };
  const migrations = [...(await readMigrations()), later];
  await assert.rejects(
    migrate({ url: owner, timeoutMs: 1000, connectTimeoutMs: 5000, lockTimeoutMs: 600, pausesMs: [2000], migrations }),
    new RegExp(
      `9000_note\\.sql: a lock was not available in 1 attempt\\. Blocked by pid ${rows[0]?.pid} \\(details require the role pg_read_all_stats;`,
    ),
  );
});

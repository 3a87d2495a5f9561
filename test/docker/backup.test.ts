import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, suite, test } from "node:test";
import { migrate } from "../../src/db/migrate/migrate.ts";
import { without } from "../shared/programs.ts";
import { runProgram } from "../shared/run-program.ts";
import { query } from "../shared/servers/stores/database.ts";
import { startDistributionPostgres } from "./distribution-postgres.ts";
import { createSandbox, root, working } from "./sandbox.ts";

// The script, the commands of docs/docker.md and create-haven.sh, unchanged, against a real Postgres with its own
// pg_dump, pg_restore and psql. A fake Docker runs these programs on this machine.

const skip = without("pg_virtualenv") || without("openssl");
const password = "0a".repeat(32);
const appPassword = "0b".repeat(32);

let variables: Record<string, string>;
let url: string;

/**
 * Returns the cases of the fake Docker: `compose --file F exec -T postgres COMMAND…` runs the command on this machine, and
 * truncates a dump if a test requests that.
 */
const answers = () => `
  "ps "*) echo postgres ;;
  *" exec -T postgres "*)
    while [ "$1" != postgres ]; do shift; done; shift
    export PATH='${process.env["PATH"]}' ${Object.entries(variables)
      .map(([name, value]) => `${name}='${value}'`)
      .join(" ")}
    if [ "$1" = pg_dump ] && [ -e "$sandbox/cut" ]; then "$@" | head -c -20000; else exec "$@"; fi ;;
`;

async function setUp() {
  const sandbox = createSandbox({ ...working, answers: answers() });
  const { code, output } = await sandbox.run("setup");
  assert.equal(code, 0, output);
  return sandbox;
}

const names = async () =>
  (await query<{ name: string }>(url, "SELECT name FROM users ORDER BY name")).map(({ name }) => name);

const addUsers = (...userNames: string[]) =>
  query(
    url,
    `INSERT INTO users (id, email, name, password_hash)
     SELECT gen_random_uuid(), name || '@example.org', name, repeat(md5(name), 3) FROM unnest($1::text[]) AS name`,
    [userNames],
  );

suite("a backup", { skip }, () => {
  before(async () => {
    variables = await startDistributionPostgres();
    const env = { ...process.env, ...variables, HAVEN_DB_PASSWORD: password, HAVEN_APP_DB_PASSWORD: appPassword };
    // Twice, because the script may run again in a volume of an older version, which lacks the second role.
    for (const _ of ["first", "again"]) {
      const { code, output } = await runProgram(join(root, "docker/postgres/create-haven.sh"), [], { env });
      assert.equal(code, 0, output);
    }
    url = `postgres://haven:${password}@${variables["PGHOST"]}:${variables["PGPORT"]}/haven`;
    await migrate({ url, timeoutMs: 30_000, connectTimeoutMs: 5000, grantTo: "haven_app" });
    await addUsers(...Array.from({ length: 2000 }, () => randomUUID()));
  });

  test("restores the rows and their owners", async () => {
    const sandbox = await setUp();
    const before = await names();
    const { code, output } = await sandbox.run("backup");
    assert.equal(code, 0, output);
    const [file = "", ...others] = readdirSync(sandbox.file("docker/backups"));
    assert.match(`${file} ${others}`, /^haven-\d{8}T\d{6}Z\.dump $/);
    assert.equal(sandbox.mode(`docker/backups/${file}`), "600");
    assert.match(output, /\d+ bytes, [1-9]\d* tables\n$/);

    await query(url, "DELETE FROM users WHERE name < '8'");
    await addUsers("added after the backup");
    const restored = await restore(sandbox, file);
    assert.equal(restored.code, 0, restored.output);
    assert.deepEqual(await names(), before);
    // After the restore, the serving role has its former rights and no others.
    const appUrl = url.replace(`haven:${password}`, `haven_app:${appPassword}`);
    assert.equal((await query(appUrl, "UPDATE users SET name = name")).length, 0);
    await assert.rejects(query(appUrl, "TRUNCATE users CASCADE"), /permission denied/);
    await assert.rejects(query(appUrl, "CREATE TEMPORARY TABLE x ()"), /permission denied/);
    // These statements run with the role haven, which owns all tables.
    assert.deepEqual(await migrate({ url, timeoutMs: 30_000, connectTimeoutMs: 5000 }), []);
    await query(url, "ALTER TABLE users ADD COLUMN tried integer");
    await query(url, "ALTER TABLE users DROP COLUMN tried");
  });

  test("is deleted if it is truncated", async () => {
    const sandbox = await setUp();
    writeFileSync(sandbox.file("cut"), "");
    const { code, output } = await sandbox.run("backup");
    assert.equal(code, 1, output);
    assert.match(output, /the dump cannot be read back, and was not kept/);
    assert.deepEqual(readdirSync(sandbox.file("docker/backups")), []);
  });

  test("changes no data if its file is damaged", async () => {
    const sandbox = await setUp();
    await sandbox.run("backup", sandbox.file("whole.dump"));
    mkdirSync(sandbox.file("docker/backups"));
    writeFileSync(
      sandbox.file("docker/backups/half.dump"),
      readFileSync(sandbox.file("whole.dump")).subarray(0, -20_000),
    );
    const before = await names();
    const { code, output } = await restore(sandbox, "half.dump");
    assert.equal(code, 1);
    assert.match(output, /could not read from input file/);
    assert.match(output, /the restore failed, and changed nothing/);
    assert.deepEqual(await names(), before);
  });

  test("overwrites no file, and leaves no partial file on a full disk", async () => {
    const sandbox = await setUp();
    writeFileSync(sandbox.file("mine"), "a file");
    const existing = await sandbox.run("backup", sandbox.file("mine"));
    assert.equal(existing.code, 1);
    assert.match(existing.output, /mine already exists/);
    assert.equal(sandbox.text("mine"), "a file");

    const invalidFolder = await sandbox.run("backup", sandbox.file("mine/a.dump"));
    assert.equal(invalidFolder.code, 1);
    assert.match(invalidFolder.output, /mkdir: .*mine/);

    // The limit of the file size simulates a full disk for this process.
    const full = await runProgram(
      "bash",
      ["-c", 'ulimit -f 8; exec "$0" backup', sandbox.file("docker/load-balancer-setup.sh")],
      { env: { ...sandbox.env, PATH: `${sandbox.env.PATH}:/usr/bin` } },
    );
    assert.equal(full.code, 1, full.output);
    assert.match(full.output, /pg_dump failed/);
    assert.deepEqual(readdirSync(sandbox.file("docker/backups")), []);
    assert.ok(!existsSync(sandbox.file("a.dump")));
  });
});

/** Runs the restore command of docs/docker.md. */
function restore(sandbox: ReturnType<typeof createSandbox>, file: string) {
  const page = readFileSync(join(root, "docs/docker.md"), "utf8");
  const command = /^\.\/load-balancer-setup\.sh restore .*\.dump$/m.exec(page)?.[0] ?? "exit 99";
  const script = command.replace("haven-….dump", file);
  return runProgram("bash", ["-c", script], { cwd: sandbox.file("docker"), env: sandbox.env });
}

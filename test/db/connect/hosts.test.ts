import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readPostgres } from "../../../src/config/sections/store-settings.ts";
import { createConnector, type PostgresSource } from "../../../src/db/connect/connector.ts";
import { explainPostgresFailure } from "../../../src/db/connect/explain-failure.ts";
import { migrationStatus } from "../../../src/db/migrate/migration-status.ts";
import { createDatabase } from "../../../src/db/pool.ts";
import { createPostgresChecks } from "../../../src/db/postgres-checks.ts";
import { atEnd } from "../../shared/at-end.ts";
import { eventually } from "../../shared/eventually.ts";
import { freePort } from "../../shared/free-port.ts";
import { without } from "../../shared/programs.ts";
import { startFaultProxy } from "../../shared/servers/fault-proxy.ts";
import { freshDatabase, query } from "../../shared/servers/stores/database.ts";
import { startPostgresServer } from "../../shared/servers/stores/postgres-servers.ts";
import { startStopwatch } from "../../shared/stopwatch.ts";

const skip = without("pg_virtualenv");
const settings = { applicationName: "test", statementTimeoutMs: 2000 };

async function portOf(source: Partial<PostgresSource> & { url: string }): Promise<number> {
  const { client, destroy } = await createConnector({ connectTimeoutMs: 1000, ...source }).open(settings);
  const { rows } = await client.query<{ port: number }>("SELECT inet_server_port() AS port");
  destroy();
  return rows[0]?.port ?? 0;
}

test("if a host refuses, is silent or is unknown, the next host is used, and is tried first for some seconds", async () => {
  const url = await freshDatabase();
  const { port } = new URL(url);
  const silent = await startFaultProxy(url);
  await silent.set("hole");
  const closed = await freePort();
  const hosts = `127.0.0.1:${closed},nowhere.invalid:1,127.0.0.1:${silent.port},127.0.0.1:${port}`;
  const connector = createConnector({ url: url.replace(`127.0.0.1:${port}`, hosts), connectTimeoutMs: 2000 });
  const elapsedMs = startStopwatch();
  const first = await connector.open(settings);
  assert.ok(elapsedMs() < 2000);
  const opened = silent.opened();
  const second = await connector.open(settings);
  assert.equal(silent.opened(), opened, "a host that was silent a moment ago was tried first");
  for (const { destroy } of [first, second]) destroy();
});

test("if a server rejects the password, that error is reported and no other host is tried", async () => {
  const url = new URL(await freshDatabase());
  const closed = await freePort();
  url.pathname = "/no_such_database";
  const several = url.href.replace(url.host, `${url.host},127.0.0.1:${closed}`);
  await assert.rejects(createConnector({ url: several, connectTimeoutMs: 1000 }).open(settings), { code: "3D000" });
});

test("target_session_attrs finds the server, also after a promotion", { skip }, async () => {
  const primary = await startPostgresServer();
  const standby = await startPostgresServer({ standbyOf: primary });
  const url = (attributes: string) =>
    `postgres://postgres@127.0.0.1:${standby.port},127.0.0.1:${primary.port}/postgres?target_session_attrs=${attributes}`;
  for (const attributes of ["read-write", "primary"])
    assert.equal(await portOf({ url: url(attributes) }), primary.port, attributes);
  for (const attributes of ["any", "read-only", "standby", "prefer-standby"])
    assert.equal(await portOf({ url: url(attributes) }), standby.port, attributes);

  const db = createDatabase(
    { ...settings, url: url("read-write"), poolMax: 2, connectTimeoutMs: 1000, idleTransactionTimeoutMs: 1000 },
    (work) => work(),
  );
  atEnd(() => db.close());
  await db.query("CREATE TABLE rows (n int)");
  await eventually(
    () => query(standby.url, "SELECT to_regclass('rows') AS name"),
    ([row]) => row?.["name"] === "rows",
  );
  await primary.stop();
  await query(standby.url, "SELECT pg_promote()");
  await eventually(
    () =>
      db.query("INSERT INTO rows VALUES (1)").then(
        () => "written",
        () => "failed",
      ),
    (outcome) => outcome === "written",
    10_000,
    100,
  );
  assert.equal(await portOf({ url: url("prefer-standby") }), standby.port);
  await assert.rejects(portOf({ url: url("standby") }), { code: "NO_SUITABLE_SERVER" });
});

test("a Unix socket directory works for the pool, the check and migrate status", { skip }, async () => {
  const server = await startPostgresServer();
  const url = `postgres:///postgres?host=${encodeURIComponent(server.folder)}&port=${server.port}&user=postgres`;
  const limits = { ...settings, url, poolMax: 1, connectTimeoutMs: 1000, idleTransactionTimeoutMs: 1000 };
  const db = createDatabase(limits, (work) => work());
  const connector = createConnector(limits);
  const checks = createPostgresChecks({ connector, timeoutMs: 1000, migrations: [], instance: "test" });
  atEnd(() => {
    checks.close();
    return db.close();
  });
  assert.deepEqual(await db.query("SELECT inet_server_port() AS port"), [{ port: null }]);
  await checks.read(AbortSignal.timeout(1000));
  assert.ok((await migrationStatus({ ...limits, timeoutMs: 1000 })).length > 0);
});

test("a rotated password in DATABASE_URL_FILE is used for new connections, without a failed query", {
  skip,
}, async () => {
  const server = await startPostgresServer();
  await query(server.url, "CREATE ROLE app LOGIN PASSWORD 'first'");
  const folder = mkdtempSync(join(tmpdir(), "haven-url-"));
  atEnd(() => rmSync(folder, { recursive: true }));
  const urlFile = join(folder, "url");
  const urlWith = (password: string) => `postgres://app:${password}@127.0.0.1:${server.port}/postgres`;
  writeFileSync(urlFile, urlWith("first"));
  const limits = {
    ...settings,
    url: urlWith("first"),
    urlFile,
    connectTimeoutMs: 1000,
    idleTransactionTimeoutMs: 1000,
  };
  const open = (poolMax: number) => {
    const db = createDatabase({ ...limits, poolMax }, (work) => work());
    atEnd(() => db.close());
    return db;
  };
  const db = open(10);
  const queryConcurrently = async (count: number) => {
    // Each call needs more concurrent connections than the previous one, so new ones are opened.
    const sleeps = Array.from({ length: count }, () => db.query("SELECT pg_sleep(0.1)"));
    await Promise.all(sleeps);
  };
  await queryConcurrently(2);
  writeFileSync(urlFile, "not a URL");
  await queryConcurrently(3);
  writeFileSync(urlFile, `${urlWith("second")}\n`);
  await queryConcurrently(4);
  await query(server.url, "ALTER ROLE app PASSWORD 'second'");
  await queryConcurrently(8);
  assert.equal(db.counts().total, 8);
  assert.deepEqual(await open(1).query("SELECT 1 AS one"), [{ one: 1 }]);
});

test("a program gives the password of new connections, and a rejected password is not used again", {
  skip,
}, async () => {
  const server = await startPostgresServer();
  await query(server.url, "CREATE ROLE app LOGIN PASSWORD 'first'");
  const folder = mkdtempSync(join(tmpdir(), "haven-token-"));
  atEnd(() => rmSync(folder, { recursive: true }));
  const token = join(folder, "token");
  const limits = readPostgres({
    DATABASE_URL: `postgres://app@127.0.0.1:${server.port}/postgres`,
    DATABASE_PASSWORD_COMMAND: `cat ${token}`,
  });
  const connector = createConnector(limits);
  const open = async () => (await connector.open({ ...limits, applicationName: "test" })).destroy();
  await assert.rejects(open(), (error) => explainPostgresFailure(error)?.reason === "credentials");
  writeFileSync(token, "first\n");
  await open();
  await query(server.url, "ALTER ROLE app PASSWORD 'second'");
  writeFileSync(token, "second\n");
  await open();
  writeFileSync(token, "wrong\n");
  await open();
  await query(server.url, "ALTER ROLE app PASSWORD 'third'");
  await assert.rejects(open(), { code: "28P01" });
});

import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { readPostgres } from "../../../src/config/sections/store-settings.ts";
import { createConnector } from "../../../src/db/connect/connector.ts";
import type { OpenConnection } from "../../../src/db/connect/open-one.ts";
import { migrationStatus } from "../../../src/db/migrate/migration-status.ts";
import { createDatabase } from "../../../src/db/pool.ts";
import { createPostgresChecks } from "../../../src/db/postgres-checks.ts";
import { atEnd } from "../../shared/at-end.ts";
import { createAuthority } from "../../shared/certificates.ts";
import { without } from "../../shared/programs.ts";
import {
  type PostgresServer,
  postgresUser,
  startPostgresServer,
} from "../../shared/servers/stores/postgres-servers.ts";

const skip = without("pg_virtualenv") || without("openssl");
const settings = { applicationName: "test", statementTimeoutMs: 2000 };
const folder = mkdtempSync(join(tmpdir(), "haven-tls-"));
atEnd(() => rmSync(folder, { recursive: true }));
const caFile = join(folder, "ca.pem");
const authority = skip ? undefined : createAuthority();
let server: PostgresServer;

before(async () => {
  if (authority === undefined) return;
  const owner = postgresUser();
  const { certFile, keyFile } = authority.issue("db", { names: ["127.0.0.1", "db.internal"], owner });
  copyFileSync(authority.caFile, caFile);
  server = await startPostgresServer({
    settings: [
      "ssl = on",
      `ssl_cert_file = '${certFile}'`,
      `ssl_key_file = '${keyFile}'`,
      `ssl_ca_file = '${authority.caFile}'`,
    ],
    access: [
      "hostssl all app 127.0.0.1/32 cert",
      "host all app 127.0.0.1/32 reject",
      "hostssl all onlytls 127.0.0.1/32 trust",
      "host all onlytls 127.0.0.1/32 reject",
      "hostssl all scram 127.0.0.1/32 scram-sha-256",
      "host all scram 127.0.0.1/32 scram-sha-256",
      "hostnossl all onlyplain 127.0.0.1/32 trust",
      "host all onlyplain 127.0.0.1/32 reject",
    ],
  });
  const { client, destroy } = await createConnector({ url: server.url, connectTimeoutMs: 1000 }).open(settings);
  await client.query(
    "CREATE ROLE scram LOGIN PASSWORD 'secret'; CREATE ROLE app LOGIN; CREATE ROLE onlytls LOGIN; CREATE ROLE onlyplain LOGIN",
  );
  destroy();
});

type ConnectionCase = { user?: string; host?: string; query?: string; env?: Record<string, string> };

function settingsFor({ user = "postgres", host = "127.0.0.1", query = "", env = {} }: ConnectionCase) {
  return readPostgres({ DATABASE_URL: `postgres://${user}@${host}:${server.port}/postgres?${query}`, ...env });
}

/** Returns "encrypted", "plain", or the error code of a failed connection. */
async function tryConnecting(connectionCase: ConnectionCase): Promise<string> {
  try {
    const { client, destroy } = await createConnector(settingsFor(connectionCase)).open(settings);
    const { rows } = await client.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    destroy();
    return rows[0]?.ssl ? "encrypted" : "plain";
  } catch (error) {
    return String(error instanceof Error && "code" in error ? error.code : error);
  }
}

const untrusted = /SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/;
const otherHost = "ERR_TLS_CERT_ALTNAME_INVALID";

test("channel_binding=require refuses a server that does not prove with SCRAM that it is the end of the TLS connection", {
  skip,
}, async () => {
  const required = "channel_binding=require";
  for (const [user, query, expected] of [
    ["scram:secret", required, "encrypted"],
    ["scram:secret", `sslmode=allow&${required}`, "encrypted"],
    ["scram:secret", `sslmode=prefer&${required}`, "encrypted"],
    ["scram:secret", `sslmode=require&${required}`, "encrypted"],
    ["scram:secret", "sslmode=disable&channel_binding=prefer", "plain"],
    ["onlytls", required, "NO_CHANNEL_BINDING"],
    ["onlytls", `sslmode=prefer&${required}`, "NO_CHANNEL_BINDING"],
    ["onlytls", `sslmode=require&${required}`, "NO_CHANNEL_BINDING"],
  ] as const)
    assert.equal(await tryConnecting({ user, query }), expected, `${user} ${query}`);
});

test("without a certificate authority, each sslmode has the same effect as in libpq", { skip }, async () => {
  for (const [query, expected] of [
    ["", "plain"],
    ["sslmode=disable", "plain"],
    ["sslmode=allow", "plain"],
    ["sslmode=prefer", "encrypted"],
    ["sslmode=require", "encrypted"],
    ["sslmode=no-verify", "encrypted"],
  ] as const)
    assert.equal(await tryConnecting({ query }), expected, query);
  for (const query of ["sslmode=verify-ca", "sslmode=verify-full", "ssl=true"])
    assert.match(await tryConnecting({ query }), untrusted, query);
});

test("with sslmode allow and prefer, a user is connected whether pg_hba.conf admits the user only with TLS or only without TLS", {
  skip,
}, async () => {
  for (const [user, query, expected] of [
    ["onlytls", "sslmode=allow", "encrypted"],
    ["onlytls", "sslmode=prefer", "encrypted"],
    ["onlyplain", "sslmode=prefer", "plain"],
    ["onlyplain", "sslmode=require", "28000"],
    ["onlytls", "sslmode=disable", "28000"],
  ] as const)
    assert.equal(await tryConnecting({ user, query }), expected, `${user} ${query}`);
});

test("with an authority, every sslmode verifies the certificate, and all except verify-ca also verify the host name", {
  skip,
}, async () => {
  const env = { DATABASE_CA_FILE: caFile };
  const wrong = { DATABASE_CA_FILE: createAuthority("Another").caFile };
  for (const query of ["", "sslmode=require", "sslmode=verify-full", "ssl=true"]) {
    assert.equal(await tryConnecting({ query, env }), "encrypted", query);
    assert.match(await tryConnecting({ query, env: wrong }), untrusted, query);
    assert.equal(await tryConnecting({ query, env, host: "localhost" }), otherHost, query);
  }
  for (const authority of ["system", "/nonexistent/ca.pem"])
    assert.match(await tryConnecting({ query: `sslmode=require&sslrootcert=${authority}` }), untrusted, authority);
  const query = `sslmode=verify-ca&sslrootcert=${caFile}`;
  assert.equal(await tryConnecting({ query, host: "localhost" }), "encrypted");
  assert.match(await tryConnecting({ query: "sslmode=verify-ca", env: wrong }), untrusted);
});

test("a new connection reports the expiry time of the server's certificate", { skip }, async () => {
  const expiryTimes: (number | undefined)[] = [];
  const onOpened = (opened: OpenConnection) => expiryTimes.push(opened.certificateExpiry);
  for (const query of ["sslmode=require", "sslmode=disable"])
    (await createConnector(settingsFor({ query }), { onOpened }).open(settings)).destroy();
  assert.ok(Math.abs((expiryTimes[0] ?? 0) - Date.now() - 30 * 86_400_000) < 3_600_000);
  assert.equal(expiryTimes[1], undefined);
});

test("with hostaddr, the certificate is verified for the host name, not for the address", { skip }, async () => {
  const env = { DATABASE_CA_FILE: caFile };
  assert.equal(await tryConnecting({ env, host: "db.internal", query: "hostaddr=127.0.0.1" }), "encrypted");
  assert.equal(await tryConnecting({ env, host: "elsewhere.internal", query: "hostaddr=127.0.0.1" }), otherHost);
});

test("an expired certificate is refused", { skip }, async () => {
  const expired = authority?.issue("db", { names: ["127.0.0.1"], days: -1, owner: postgresUser() });
  const other = await startPostgresServer({
    settings: ["ssl = on", `ssl_cert_file = '${expired?.certFile}'`, `ssl_key_file = '${expired?.keyFile}'`],
  });
  const config = readPostgres({ DATABASE_URL: other.url, DATABASE_CA_FILE: caFile });
  await assert.rejects(createConnector(config).open(settings), { code: "CERT_HAS_EXPIRED" });
});

test("the pool, the health check and the migration status present the client certificate", { skip }, async () => {
  const client = authority?.issue("app");
  const env = {
    DATABASE_CA_FILE: caFile,
    DATABASE_CERT_FILE: client?.certFile ?? "",
    DATABASE_KEY_FILE: client?.keyFile ?? "",
  };
  assert.equal(await tryConnecting({ user: "app", env: { DATABASE_CA_FILE: caFile } }), "28000");
  const config = settingsFor({ user: "app", env });
  const db = createDatabase(config, (work) => work());
  const connector = createConnector(config);
  const checks = createPostgresChecks({ connector, timeoutMs: 1000, migrations: [], instance: "test" });
  atEnd(() => {
    checks.close();
    return db.close();
  });
  assert.deepEqual(await db.query("SELECT current_user AS name"), [{ name: "app" }]);
  await checks.read(AbortSignal.timeout(2000));
  await migrationStatus({ ...config, timeoutMs: 1000 });
  const query = `sslmode=verify-full&sslrootcert=${caFile}&sslcert=${client?.certFile}&sslkey=${client?.keyFile}`;
  assert.equal(await tryConnecting({ user: "app", query }), "encrypted");
});

test("a certificate of a new authority is accepted at the next connection, without a failed query", {
  skip,
}, async () => {
  const next = createAuthority("Next authority");
  const renewed = next.issue("db", { names: ["127.0.0.1"], owner: postgresUser() });
  const config = settingsFor({ env: { DATABASE_CA_FILE: caFile } });
  const db = createDatabase({ ...config, poolMax: 10 }, (work) => work());
  atEnd(() => db.close());
  const queryConcurrently = (count: number) =>
    Promise.all(Array.from({ length: count }, () => db.query("SELECT pg_sleep(0.1)")));
  await queryConcurrently(2);
  writeFileSync(caFile, `${readFileSync(authority?.caFile ?? "", "utf8")}${readFileSync(next.caFile, "utf8")}`);
  await queryConcurrently(4);
  await db.query(`ALTER SYSTEM SET ssl_cert_file = '${renewed.certFile}'`);
  await db.query(`ALTER SYSTEM SET ssl_key_file = '${renewed.keyFile}'`);
  await db.query("SELECT pg_reload_conf()");
  await queryConcurrently(8);
  assert.equal(db.counts().total, 8);
});

test("on a server without TLS, sslmode=require fails and sslmode=prefer connects in plain text", { skip }, async () => {
  const plain = await startPostgresServer();
  const open = (query: string) =>
    createConnector(readPostgres({ DATABASE_URL: `${plain.url}?${query}` })).open(settings);
  await assert.rejects(open("sslmode=require"), /does not support SSL/);
  (await open("sslmode=prefer")).destroy();
});

test("the driver's warning about sslmode is not printed", { skip }, async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on("warning", onWarning);
  await tryConnecting({ query: "sslmode=require" });
  await new Promise(setImmediate);
  process.off("warning", onWarning);
  assert.deepEqual(warnings, []);
});

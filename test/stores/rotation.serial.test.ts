import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createProperty, reportOf } from "../half-alive/support/observe.ts";
import { atEnd } from "../shared/at-end.ts";
import { createAuthority } from "../shared/certificates.ts";
import { eventually } from "../shared/eventually.ts";
import { freePort } from "../shared/free-port.ts";
import { without } from "../shared/programs.ts";
import { bearer, login, register, sameSecret } from "../shared/requests/people.ts";
import { appRole, prepareTemplate, query } from "../shared/servers/stores/database.ts";
import { postgresUser, startPostgresServer } from "../shared/servers/stores/postgres-servers.ts";
import { askRedis, startRedisServer } from "../shared/servers/stores/redis-servers.ts";
import { startHaven } from "../support/haven.ts";
import { startSteadyLoad } from "../support/steady-load.ts";

const skip = without("pg_virtualenv") || without("openssl") || without("redis-server");
const folder = mkdtempSync(join(tmpdir(), "haven-rotation-"));
atEnd(() => rmSync(folder, { recursive: true }));

test("passwords, certificates and authorities of both stores are replaced under load, without a restart or a failed request", {
  skip,
}, async () => {
  const [old, next] = [createAuthority("Old authority"), createAuthority("Next authority")];
  const owner = postgresUser();
  const issue = (authority: typeof old) => authority.issue("store", { names: ["127.0.0.1"], owner });
  const [before, after] = [issue(old), issue(next)];
  const postgres = await startPostgresServer({
    settings: ["ssl = on", `ssl_cert_file = '${before.certFile}'`, `ssl_key_file = '${before.keyFile}'`],
  });
  await prepareTemplate(postgres.url);
  const tlsPort = await freePort();
  const redis = await startRedisServer([
    ...[`tls-port ${tlsPort}`, `tls-cert-file ${before.certFile}`, `tls-key-file ${before.keyFile}`],
    ...[`tls-ca-cert-file ${old.caFile}`, "tls-auth-clients no", "user haven on >first ~* &* +@all"],
  ]);
  const files = { url: join(folder, "url"), password: join(folder, "password"), ca: join(folder, "ca") };
  const writeUrl = (password: string) =>
    writeFileSync(files.url, `postgres://${appRole.name}:${password}@127.0.0.1:${postgres.port}/haven_template\n`);
  writeUrl(appRole.password);
  writeFileSync(files.password, "first\n");
  copyFileSync(old.caFile, files.ca);
  const haven = await startHaven({
    env: {
      ...sameSecret,
      SESSION_CACHE: "off",
      DATABASE_URL: "",
      DATABASE_URL_FILE: files.url,
      DATABASE_CA_FILE: files.ca,
      REDIS_URL: "",
      REDIS_HOST: "127.0.0.1",
      REDIS_PORT: String(tlsPort),
      REDIS_TLS: "true",
      REDIS_CA_FILE: files.ca,
      REDIS_USERNAME: "haven",
      REDIS_PASSWORD_FILE: files.password,
    },
  });
  const person = await register(haven.url);
  const created = await createProperty(haven, person);
  const path = `/api/v1/properties/${(created.json() as { id: string }).id}`;
  const headers = { ...bearer(person), "content-type": "application/json" };
  const rename = (name: string) => ({ path, method: "PATCH", headers, body: JSON.stringify({ name }) });
  const load = startSteadyLoad(haven.url, 40, (count) =>
    count % 2 === 0 ? { path, headers: bearer(person) } : rename(`House ${count}`),
  );

  // The steps are in the order of docs/stores.md. Between the steps, the secrets of a store differ from those in the files.
  writeFileSync(files.ca, `${readFileSync(old.caFile, "utf8")}${readFileSync(next.caFile, "utf8")}`);
  writeUrl("second");
  await query(postgres.url, `ALTER SYSTEM SET ssl_cert_file = '${after.certFile}'`);
  await query(postgres.url, `ALTER SYSTEM SET ssl_key_file = '${after.keyFile}'`);
  await query(postgres.url, "SELECT pg_reload_conf()");
  const createMany = () => Promise.all(Array.from({ length: 20 }, () => createProperty(haven, person)));
  const statuses = (await createMany()).map(({ status }) => status);
  await query(postgres.url, `ALTER ROLE ${appRole.name} PASSWORD 'second'`);
  await askRedis(redis.port, "acl", "setuser", "haven", ">second");
  writeFileSync(files.password, "second\n");
  await askRedis(redis.port, "config", "set", "tls-cert-file", after.certFile, "tls-key-file", after.keyFile);
  await askRedis(redis.port, "acl", "setuser", "haven", "<first");
  copyFileSync(next.caFile, files.ca);

  // New connections have to use the new secrets and certificates. Redis closes all connections of the server. Postgres closes
  // only the connections of the health checks, because a request on a closed connection would fail.
  const sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'haven-health%'";
  assert.ok((await query(postgres.url, sql)).length > 0);
  await askRedis(redis.port, "client", "kill", "user", "haven");
  await eventually(
    () => login(haven.url, person).catch(() => undefined),
    (signedIn) => signedIn !== undefined,
    20_000,
  );
  statuses.push(...(await createMany()).map(({ status }) => status));
  const outcomes = await load.stop();
  assert.deepEqual([...new Set(statuses)], [201]);
  assert.deepEqual(
    Object.keys(outcomes).sort(),
    [`GET ${path}: 200`, `PATCH ${path}: 200`],
    "requests failed during the rotation",
  );
  await eventually(
    async () => (await reportOf(haven)).status,
    (status) => status === "healthy",
    20_000,
  );
});

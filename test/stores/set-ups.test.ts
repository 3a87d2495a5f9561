import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { createProperty, reportOf } from "../half-alive/support/observe.ts";
import { atEnd } from "../shared/at-end.ts";
import { createAuthority } from "../shared/certificates.ts";
import { freePort } from "../shared/free-port.ts";
import { without } from "../shared/programs.ts";
import { register, sameSecret } from "../shared/requests/people.ts";
import { startFaultProxy } from "../shared/servers/fault-proxy.ts";
import { appRole, prepareTemplate, query } from "../shared/servers/stores/database.ts";
import { postgresUser, startPostgresServer } from "../shared/servers/stores/postgres-servers.ts";
import { askRedis, startRedisServer } from "../shared/servers/stores/redis-servers.ts";
import { startHaven } from "../support/haven.ts";

// Starts the whole server with each set-up of docs/stores.md. The tests of the drivers cover the options of each driver.

const skip = without("pg_virtualenv") || without("openssl") || without("redis-server");
const folder = mkdtempSync(join(tmpdir(), "haven-set-ups-"));
atEnd(() => rmSync(folder, { recursive: true }));
const password = "p#ss/w?rd%@: é";
const encoded = encodeURIComponent(password);

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

type SetUp = { env: Record<string, string>; certificates?: readonly string[] };
const setUps: Record<string, SetUp> = {};
const names = [
  "a password with special characters, and an authority in a bundle",
  "a client certificate instead of a password",
  "a Unix socket",
  "addresses in files with Windows line breaks",
  "passwords that programs print",
  "three hosts, the first refused and the second silent",
] as const;

before(async () => {
  if (skip) return;
  const authority = createAuthority();
  const { certFile, keyFile } = authority.issue("db", { names: ["127.0.0.1"], owner: postgresUser() });
  const server = await startPostgresServer({
    settings: [
      ...["ssl = on", `ssl_cert_file = '${certFile}'`, `ssl_key_file = '${keyFile}'`],
      `ssl_ca_file = '${authority.caFile}'`,
    ],
    access: ["hostssl all certified 127.0.0.1/32 cert"],
  });
  await prepareTemplate(server.url);
  await query(server.url, `ALTER ROLE ${appRole.name} PASSWORD '${password}'`);
  await query(server.url, `CREATE ROLE certified LOGIN IN ROLE ${appRole.name}`);
  const { port } = server;
  const silent = await startFaultProxy(server.url);
  await silent.set("hole");
  const redis = await startRedisServer();
  await askRedis(redis.port, "acl", "setuser", "haven", "on", `>${password}`, "~*", "&*", "+@all");
  const redisUrl = `redis://haven:${encoded}@127.0.0.1:${redis.port}`;
  const postgresUrl = `postgres://${appRole.name}:${encoded}@127.0.0.1:${port}/haven_template`;
  const client = authority.issue("certified");
  const bundle = `${readFileSync(createAuthority("Another").caFile, "utf8")}\n# Ours\n${readFileSync(authority.caFile, "utf8")}`;
  const ca = { DATABASE_CA_FILE: file("bundle", bundle) };
  const [postgresCertificate, redisEnv] = [["postgres"], { REDIS_URL: redisUrl }];
  const passwordFile = file("password", `${password}\n`);
  Object.assign(setUps, {
    [names[0]]: { env: { ...redisEnv, ...ca, DATABASE_URL: postgresUrl }, certificates: postgresCertificate },
    [names[1]]: {
      env: {
        ...redisEnv,
        ...ca,
        DATABASE_URL: `postgres://certified@127.0.0.1:${port}/haven_template`,
        DATABASE_CERT_FILE: client.certFile,
        DATABASE_KEY_FILE: client.keyFile,
      },
      certificates: postgresCertificate,
    },
    [names[2]]: {
      env: {
        ...redisEnv,
        DATABASE_URL: `postgres://${appRole.name}@/haven_template?host=${encodeURIComponent(server.folder)}&port=${port}`,
      },
    },
    [names[3]]: {
      env: {
        DATABASE_URL: "",
        DATABASE_URL_FILE: file("postgres", `${postgresUrl}\r\n`),
        REDIS_URL: "",
        REDIS_URL_FILE: file("redis", `${redisUrl}\r\n`),
      },
    },
    [names[4]]: {
      env: {
        DATABASE_URL: `postgres://${appRole.name}@127.0.0.1:${port}/haven_template`,
        DATABASE_PASSWORD_COMMAND: `cat ${passwordFile}`,
        REDIS_URL: `redis://127.0.0.1:${redis.port}`,
        REDIS_USERNAME: "haven",
        REDIS_PASSWORD_COMMAND: `cat ${passwordFile}`,
      },
    },
    [names[5]]: {
      env: {
        ...redisEnv,
        DATABASE_URL: `${postgresUrl.replace(`127.0.0.1:${port}`, `127.0.0.1:${await freePort()},127.0.0.1:${silent.port},127.0.0.1:${port}`)}?target_session_attrs=read-write`,
      },
    },
  });
});

for (const name of names) {
  test(`the server works with ${name}`, { skip }, async () => {
    const { env, certificates = [] } = setUps[name] ?? { env: {} };
    const haven = await startHaven({ env: { ...sameSecret, ...env } });
    const person = await register(haven.url);
    assert.equal((await createProperty(haven, person)).status, 201);
    const report = await reportOf(haven);
    assert.equal(report.status, "healthy");
    assert.deepEqual(
      report.certificates.map(({ of }) => of),
      certificates,
    );
    await haven.stop();
    const logText = JSON.stringify(haven.logs);
    for (const secret of [password, encoded]) assert.ok(!logText.includes(secret), "a password is in the log");
  });
}

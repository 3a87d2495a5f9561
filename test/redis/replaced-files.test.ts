import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readRedis } from "../../src/config/sections/store-settings.ts";
import { createRedis } from "../../src/redis/client.ts";
import { atEnd } from "../shared/at-end.ts";
import { createAuthority } from "../shared/certificates.ts";
import { eventually } from "../shared/eventually.ts";
import { freePort } from "../shared/free-port.ts";
import { without } from "../shared/programs.ts";
import { askRedis, startRedisServer } from "../shared/servers/stores/redis-servers.ts";

const skip = without("redis-server") || without("openssl");
const limits = { connectTimeoutMs: 1000, commandTimeoutMs: 1000 };
const folder = mkdtempSync(join(tmpdir(), "haven-replaced-"));
atEnd(() => rmSync(folder, { recursive: true }));

/** Connects with these settings. The connection can be ended, after which the driver connects again. */
async function open(environment: Record<string, string>, adminPort: number) {
  const { target } = readRedis(environment);
  assert.ok(target);
  const client = createRedis(target, limits, "test");
  atEnd(() => client.disconnect());
  const clientId = async () => Number(await client.client("ID").catch(() => 0));
  const connected = () => eventually(clientId, (id) => id > 0, 10_000);
  await connected();
  return {
    async reconnect(): Promise<void> {
      const id = await connected();
      await askRedis(adminPort, "client", "kill", "id", id);
      await eventually(clientId, (next) => next > id, 10_000);
    },
    database: async () => / db=(\d+)/.exec(String(await client.client("INFO")))?.[1],
  };
}

test("if REDIS_URL_FILE is malformed when Redis closes the connection, the last address is used", {
  skip,
}, async () => {
  const server = await startRedisServer();
  const urlFile = join(folder, "url");
  writeFileSync(urlFile, server.url);
  const redis = await open({ REDIS_URL_FILE: urlFile }, server.port);
  for (const malformed of ["redis://", "not a URL", "postgres://elsewhere/haven", "redis://:%zz@127.0.0.1:1"]) {
    writeFileSync(urlFile, malformed);
    await redis.reconnect();
  }
});

test("if REDIS_URL_FILE names another database when Redis closes the connection, commands run in that database", {
  skip,
}, async () => {
  const server = await startRedisServer();
  const urlFile = join(folder, "database");
  writeFileSync(urlFile, `${server.url}/1`);
  const redis = await open({ REDIS_URL_FILE: urlFile }, server.port);
  for (const database of ["2", "0", "1"]) {
    writeFileSync(urlFile, `${server.url}/${database}`);
    await redis.reconnect();
    assert.equal(await redis.database(), database);
  }
});

test("if a new client certificate is in its file before its key when Redis closes the connection, the last pair is used", {
  skip,
}, async () => {
  const authority = createAuthority();
  const served = authority.issue("redis", { names: ["127.0.0.1"] });
  const port = await freePort();
  const server = await startRedisServer([
    ...[`tls-port ${port}`, `tls-cert-file ${served.certFile}`, `tls-key-file ${served.keyFile}`],
    ...[`tls-ca-cert-file ${authority.caFile}`, "tls-auth-clients yes"],
  ]);
  const [first, second] = [authority.issue("first"), authority.issue("second")];
  const [certFile, keyFile] = [join(folder, "cert"), join(folder, "key")];
  copyFileSync(first.certFile, certFile);
  copyFileSync(first.keyFile, keyFile);
  const redis = await open(
    {
      REDIS_URL: `rediss://127.0.0.1:${port}`,
      REDIS_CA_FILE: authority.caFile,
      REDIS_CERT_FILE: certFile,
      REDIS_KEY_FILE: keyFile,
    },
    server.port,
  );
  copyFileSync(second.certFile, certFile);
  await redis.reconnect();
  copyFileSync(second.keyFile, keyFile);
  await redis.reconnect();
});

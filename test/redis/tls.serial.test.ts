import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { readRedis } from "../../src/config/sections/store-settings.ts";
import type { HealthReport } from "../../src/kit/index.ts";
import { createRedisChannel } from "../../src/redis/channel.ts";
import { createRedis } from "../../src/redis/client.ts";
import { createRedisAccess } from "../../src/redis/redis-access.ts";
import { createRedisPinger } from "../../src/redis/redis-pinger.ts";
import { atEnd } from "../shared/at-end.ts";
import { createAuthority } from "../shared/certificates.ts";
import { eventually } from "../shared/eventually.ts";
import { freePort } from "../shared/free-port.ts";
import { without } from "../shared/programs.ts";
import { ask } from "../shared/requests/http.ts";
import { me, refresh, register, sameSecret } from "../shared/requests/people.ts";
import { askRedis, startRedisServer, startSentinel } from "../shared/servers/stores/redis-servers.ts";
import { startHaven } from "../support/haven.ts";

const skip = without("redis-server") || without("openssl");
const limits = { connectTimeoutMs: 1000, commandTimeoutMs: 1000 };
const folder = mkdtempSync(join(tmpdir(), "haven-tls-"));
atEnd(() => rmSync(folder, { recursive: true }));

const authority = skip ? undefined : createAuthority();
const caFile = join(folder, "ca.pem");
const identity: Record<string, string> = {};
const settingsByForm: Record<string, Record<string, string>> = {};
const adminPorts: Record<string, number> = {};
const addressForms = ["a URL", "a URL and REDIS_TLS", "a host", "Sentinel", "a Cluster"] as const;

/**
 * The data servers keep the default user and a port without TLS, because `askRedis` uses both. The Sentinel has its
 * default user off, so that Haven has to sign in with REDIS_SENTINEL_USERNAME.
 */
before(async () => {
  if (authority === undefined) return;
  copyFileSync(authority.caFile, caFile);
  const server = authority.issue("redis", { names: ["127.0.0.1"] });
  const client = authority.issue("haven");
  const tls = async () => {
    const port = await freePort();
    const files = [
      `tls-cert-file ${server.certFile}`,
      `tls-key-file ${server.keyFile}`,
      `tls-ca-cert-file ${authority.caFile}`,
    ];
    return { port, lines: [`tls-port ${port}`, ...files, "tls-auth-clients yes"] };
  };
  const user = "user haven on >first ~* &* +@all";
  const [single, node, sentinelTls] = [await tls(), await tls(), await tls()];
  const primary = await startRedisServer([...single.lines, user]);
  const clusterLines = [
    user,
    "cluster-enabled yes",
    "tls-cluster yes",
    `cluster-port ${await freePort()}`,
    "cluster-announce-ip 127.0.0.1",
  ];
  const cluster = await startRedisServer([...node.lines, ...clusterLines]);
  await askRedis(cluster.port, "cluster", "addslotsrange", 0, 16_383);
  const clusterState = () => askRedis(cluster.port, "cluster", "info").catch(String);
  await eventually(clusterState, (info) => String(info).includes("cluster_state:ok"));
  const sentinel = await startSentinel([
    ...[...sentinelTls.lines, "tls-replication yes", "user watcher on >sentinel-password +@all ~* &*"],
    ...[`sentinel monitor haven 127.0.0.1 ${single.port} 1`, "sentinel auth-user haven haven"],
    "sentinel auth-pass haven first",
  ]);
  await askRedis(sentinel.port, "acl", "setuser", "default", "off");
  Object.assign(identity, {
    REDIS_CA_FILE: caFile,
    REDIS_CERT_FILE: client.certFile,
    REDIS_KEY_FILE: client.keyFile,
  });
  const tlsAndUser = { REDIS_TLS: "true", REDIS_USERNAME: "haven", REDIS_PASSWORD: "first" };
  const { port } = single;
  Object.assign(settingsByForm, {
    "a URL": { REDIS_URL: `rediss://haven:first@127.0.0.1:${port}/2` },
    "a URL and REDIS_TLS": { ...tlsAndUser, REDIS_URL: `redis://127.0.0.1:${port}` },
    "a host": { ...tlsAndUser, REDIS_HOST: "127.0.0.1", REDIS_PORT: `${port}` },
    Sentinel: {
      ...tlsAndUser,
      REDIS_SENTINELS: `127.0.0.1:${sentinelTls.port}`,
      REDIS_SENTINEL_NAME: "haven",
      REDIS_SENTINEL_USERNAME: "watcher",
      REDIS_SENTINEL_PASSWORD: "sentinel-password",
    },
    "a Cluster": { ...tlsAndUser, REDIS_CLUSTER_NODES: `127.0.0.1:${node.port}` },
  });
  for (const form of addressForms) adminPorts[form] = form === "a Cluster" ? cluster.port : primary.port;
});

function open(env: Record<string, string>, name = "test") {
  const target = targetOf(env);
  const client = createRedis(target, limits, name);
  atEnd(() => client.disconnect());
  return { client, target };
}

function targetOf(env: Record<string, string>) {
  const { target } = readRedis({ ...identity, ...env });
  if (target === undefined) throw new Error("no Redis in these settings");
  return target;
}

/** Runs the health check and returns its result. */
async function check(env: Record<string, string>): Promise<string> {
  const pinger = createRedisPinger(targetOf(env), limits);
  try {
    await pinger.ping(AbortSignal.timeout(3000));
    return "up";
  } catch (error) {
    return String(error instanceof Error && "code" in error ? error.code : error);
  } finally {
    pinger.close();
  }
}

const usersOf = async (form: string, name: string): Promise<string[]> => {
  const list = String(await askRedis(adminPorts[form] ?? 0, "client", "list"));
  return list
    .split("\n")
    .filter((line) => line.includes(`name=${name}`))
    .map((line) => / user=(\S+)/.exec(line)?.[1] ?? "");
};

for (const form of addressForms) {
  test(`client, check and channel use TLS, the client certificate and the ACL user with ${form}`, {
    skip,
  }, async () => {
    const { client, target } = open(settingsByForm[form] ?? {});
    await eventually(
      () => client.acl("WHOAMI").catch(String),
      (name) => name === "haven",
    );
    assert.equal(await check(settingsByForm[form] ?? {}), "up");
    const redis = createRedisAccess({ read: client, write: client }, (work) => work());
    const channel = createRedisChannel({ target, limits, redis, name: "haven:events" });
    atEnd(() => channel.close());
    const listening = Promise.withResolvers<void>();
    channel.listen({ onMessage: () => undefined, onListening: () => listening.resolve() });
    await listening.promise;
    const users = await usersOf(form, form === "a Cluster" ? "ioredis-cluster(subscriber)" : "haven-channel");
    assert.deepEqual([...new Set(users)], ["haven"]);
    channel.close();
  });

  test(`a server signs people in over TLS, with the client certificate and the ACL user, with ${form}`, {
    skip,
  }, async () => {
    const haven = await startHaven({ env: { ...sameSecret, REDIS_URL: "", ...identity, ...settingsByForm[form] } });
    const person = await register(haven.url);
    assert.equal((await me(haven.url, person)).status, 200);
    assert.equal((await refresh(haven.url, person.refreshToken)).status, 200);
    const report = (await ask(`${haven.url}/health/detailed`)).json() as HealthReport;
    assert.equal(report.status, "healthy");
    assert.deepEqual(
      report.certificates.map(({ of, daysLeft }) => [of, daysLeft]),
      [["redis", 29]],
    );
    await haven.stop();
  });

  test(`another authority, another host name and a missing client certificate are refused with ${form}`, {
    skip,
  }, async () => {
    const env = settingsByForm[form] ?? {};
    assert.match(
      await check({ ...env, REDIS_CA_FILE: createAuthority("Another").caFile }),
      /self.signed|SELF_SIGNED|unable to verify|UNABLE/i,
    );
    assert.notEqual(await check({ ...env, REDIS_CERT_FILE: "", REDIS_KEY_FILE: "" }), "up");
    const elsewhere = Object.fromEntries(
      Object.entries(env).map(([name, value]) => [name, value.replace("127.0.0.1", "localhost")]),
    );
    assert.match(await check(elsewhere), /ALTNAME|altnames/);
  });

  test(`a rotated password, certificate and authority are used at the next connection, without a failed command, with ${form}`, {
    skip,
  }, async () => {
    const adminPort = adminPorts[form] ?? 0;
    const passwordFile = join(folder, `password of ${form}`);
    writeFileSync(passwordFile, "first\n");
    const urlFile = join(folder, `url of ${form}`);
    const { REDIS_PASSWORD: _, ...rest } = settingsByForm[form] ?? {};
    const url = rest["REDIS_URL"] ?? "";
    const isInUrl = url.includes("first");
    if (isInUrl) writeFileSync(urlFile, url);
    const env: Record<string, string> = isInUrl
      ? { REDIS_URL_FILE: urlFile }
      : { ...rest, REDIS_PASSWORD_FILE: passwordFile };
    const { client } = open(env, "rotation");
    const ping = () => client.set("{ada}", "1").catch(String);
    await eventually(ping, (reply) => reply === "OK");

    const next = createAuthority("Next authority");
    const nextServer = next.issue("redis", { names: ["127.0.0.1"] });
    const replies = new Set<unknown>();
    let isRunning = true;
    // The loop ends at the first failure. A closed client rejects commands at once, so the loop would block the process.
    const load = (async () => {
      while (isRunning && [...replies].every((reply) => reply === "OK")) replies.add(await ping());
    })();
    const original = String(await askRedis(adminPort, "config", "get", "tls-cert-file")).split(",")[1] ?? "";
    const serve = (certFile: string, keyFile: string) =>
      askRedis(adminPort, "config", "set", "tls-cert-file", certFile, "tls-key-file", keyFile);
    try {
      await askRedis(adminPort, "acl", "setuser", "haven", ">second");
      writeFileSync(isInUrl ? urlFile : passwordFile, isInUrl ? url.replace("first", "second") : "second");
      writeFileSync(caFile, `${readFileSync(authority?.caFile ?? "", "utf8")}${readFileSync(next.caFile, "utf8")}`);
      await serve(nextServer.certFile, nextServer.keyFile);
      await askRedis(adminPort, "acl", "setuser", "haven", "<first");
      assert.equal(await check(env), "up");
    } finally {
      // Without this the load continues, and the test process does not exit.
      isRunning = false;
      await load;
    }
    assert.deepEqual([...replies], ["OK"]);

    await askRedis(adminPort, "client", "kill", "user", "haven");
    await eventually(ping, (reply) => reply === "OK");
    await serve(original, original.replace(/pem$/, "key"));
    await askRedis(adminPort, "acl", "setuser", "haven", ">first", "<second");
    copyFileSync(authority?.caFile ?? "", caFile);
  });
}

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { readRedis } from "../../src/config/sections/store-settings.ts";
import { createRedis } from "../../src/redis/client.ts";
import { createRedisPinger } from "../../src/redis/redis-pinger.ts";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { freePort } from "../shared/free-port.ts";
import { without } from "../shared/programs.ts";
import { askRedis, startRedisServer, startSentinel } from "../shared/servers/stores/redis-servers.ts";

const skip = without("redis-server");
const folder = mkdtempSync(join(tmpdir(), "haven-token-"));
atEnd(() => rmSync(folder, { recursive: true }));
const limits = { connectTimeoutMs: 1000, commandTimeoutMs: 1000 };
const forms: Record<string, { env: Record<string, string>; adminPort: number }> = {};

before(async () => {
  if (skip) return;
  const user = "user haven on >first ~* &* +@all";
  const single = await startRedisServer([user]);
  const cluster = await startRedisServer([
    ...[user, "cluster-enabled yes", `cluster-port ${await freePort()}`, "cluster-announce-ip 127.0.0.1"],
  ]);
  await askRedis(cluster.port, "cluster", "addslotsrange", 0, 16_383);
  const state = () => askRedis(cluster.port, "cluster", "info").catch(String);
  await eventually(state, (info) => String(info).includes("cluster_state:ok"));
  const sentinel = await startSentinel([
    ...[`sentinel monitor haven 127.0.0.1 ${single.port} 1`, "sentinel auth-user haven haven"],
    "sentinel auth-pass haven first",
  ]);
  const named = { REDIS_USERNAME: "haven" };
  const sentinels = { REDIS_SENTINELS: `127.0.0.1:${sentinel.port}`, REDIS_SENTINEL_NAME: "haven" };
  forms["a URL"] = { env: { ...named, REDIS_URL: `redis://127.0.0.1:${single.port}` }, adminPort: single.port };
  forms["Sentinel"] = { env: { ...named, ...sentinels }, adminPort: single.port };
  forms["a Cluster"] = { env: { ...named, REDIS_CLUSTER_NODES: `127.0.0.1:${cluster.port}` }, adminPort: cluster.port };
});

for (const form of ["a URL", "Sentinel", "a Cluster"]) {
  test(`a program gives the password of each connection, and a rejected password is not used again, with ${form}`, {
    skip,
  }, async () => {
    const { env, adminPort } = forms[form] ?? { env: {}, adminPort: 0 };
    const token = join(folder, `token of ${form}`);
    const { target } = readRedis({ ...env, REDIS_PASSWORD_COMMAND: `cat "${token}"` });
    if (target === undefined) throw new Error("no Redis in these settings");
    const client = createRedis(target, limits, "test");
    atEnd(() => client.disconnect());
    const set = () => client.set("{ada}", "1").catch(String);
    assert.notEqual(await set(), "OK", "a command succeeded before the file of the password exists");
    writeFileSync(token, "first\n");
    await eventually(set, (reply) => reply === "OK");

    const pinger = createRedisPinger(target, limits);
    atEnd(pinger.close);
    await pinger.ping(AbortSignal.timeout(3000));

    await askRedis(adminPort, "acl", "setuser", "haven", ">second", "<first");
    writeFileSync(token, "second\n");
    await askRedis(adminPort, "client", "kill", "user", "haven");
    await eventually(set, (reply) => reply === "OK");
    const check = () =>
      pinger.ping(AbortSignal.timeout(3000)).then(
        () => "up",
        (error: unknown) => String(error),
      );
    await eventually(check, (found) => found === "up");
    await askRedis(adminPort, "acl", "setuser", "haven", ">first", "<second");
  });
}

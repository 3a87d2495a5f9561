import { allReady, startFleet } from "../../../test/shared/servers/fleet.ts";
import { allUp, nginxIsAtLeast, startHaproxy, startNginx } from "../../../test/shared/servers/proxies.ts";
import { startRedisServer } from "../../../test/shared/servers/redis-servers.ts";
import type { ProxyName } from "../arguments.ts";
import { createLedger } from "../load/ledger.ts";
import { createUser, type User } from "../load/user.ts";
import { createDatabase, fillProperties } from "./database.ts";
import { inspectorOf } from "./inspector-of.ts";
import { startPostgres } from "./postgres.ts";

export const userCount = 60;
export const ballastRows = 100_000;

/** As in production, but for what would only make the run longer, or noisier. */
export const settings = {
  NODE_ENV: "production",
  LOG_LEVEL: "warn",
  AUTH_RATE_LIMIT: "10",
  OVERLOAD_DELAY_MS: "50",
  ACCESS_TOKEN_TTL: "3600",
  DRAIN_DELAY_MS: "3000",
  DRAIN_LINGER_MS: "1500",
  SHUTDOWN_TIMEOUT_MS: "5000",
};

/** Three instances behind the shipped files of one proxy, on one Postgres and one Redis, and users who are signed in. */
export async function startWorld(name: ProxyName) {
  const postgres = await startPostgres();
  await postgres.start();
  const database = await createDatabase(postgres, "chaos");
  // As docker/ runs it.
  const redis = await startRedisServer(["appendonly yes", "maxmemory-policy noeviction"]);
  const fleet = await startFleet({
    env: settings,
    envOf: (member) => {
      const { host, port } = inspectorOf(member);
      return { NODE_OPTIONS: `--inspect=${host}:${port}` };
    },
    entry: "main",
    services: { databaseUrl: database.url, redisUrl: redis.url },
    keepsSent: false,
  });
  const proxy = await startProxy(name);
  const users: User[] = [];
  while (users.length < userCount) users.push(...(await Promise.all(Array.from({ length: 4 }, createUser))));
  await fillProperties(database, ballastRows);
  return {
    name,
    postgres,
    database,
    redis,
    fleet,
    proxy,
    users,
    ledger: createLedger(),
    /** Every instance serves, and the proxy knows it. */
    async whole(): Promise<void> {
      await allReady(fleet);
      if (name === "haproxy") await allUp();
    },
    async stop(): Promise<void> {
      for (const user of users) user.leave();
      await proxy.stop();
      for (const member of fleet.members) await member.kill();
    },
  };
}

export type World = Awaited<ReturnType<typeof startWorld>>;

async function startProxy(name: ProxyName) {
  if (name === "haproxy") return startHaproxy();
  const canWait = await nginxIsAtLeast("1.27.4");
  return startNginx({ variants: canWait ? ["keepalive-from-1.27.4.conf"] : [] });
}

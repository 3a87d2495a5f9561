import { asAppRole } from "../../../test/shared/servers/stores/database.ts";
import { startRedisServer } from "../../../test/shared/servers/stores/redis-servers.ts";
import { createDatabase } from "../testbed/database.ts";
import { pairHosts, startPair } from "../testbed/postgres-pair.ts";
import type { Topology } from "./topology.ts";

async function start() {
  const pair = await startPair();
  const database = await createDatabase(pair, "chaos");
  const redis = await startRedisServer();
  const url = new URL(asAppRole(database.url));
  const hosts = pairHosts.map((host) => `${host}:${url.port}`).join(",");
  return {
    pair,
    database,
    services: { databaseUrl: database.url, redisUrl: redis.url },
    env: { DATABASE_URL: `${url.href.replace(url.host, hosts)}?target_session_attrs=read-write` },
    repair: () => pair.repair(),
  };
}

export type Hosts = Awaited<ReturnType<typeof start>>;

/** A primary and a standby, both in DATABASE_URL. */
export const hosts: Topology<Hosts> = {
  name: "a primary and a standby with two addresses",
  programs: [],
  start: start,
};

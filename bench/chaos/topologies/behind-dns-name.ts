import { asAppRole } from "../../../test/shared/servers/stores/database.ts";
import { startRedisServer } from "../../../test/shared/servers/stores/redis-servers.ts";
import { createDatabase } from "../testbed/database.ts";
import { dnsPort, startNameServer, useNameServer } from "../testbed/name-server.ts";
import { startPair } from "../testbed/postgres-pair.ts";
import type { Topology } from "./topology.ts";

export const postgresName = "postgres.haven.internal";

async function start() {
  const pair = await startPair();
  const database = await createDatabase(pair, "chaos");
  const redis = await startRedisServer();
  const names = await startNameServer(dnsPort);
  await useNameServer();
  const url = new URL(asAppRole(database.url));
  url.hostname = postgresName;
  return {
    pair,
    database,
    names,
    services: { databaseUrl: database.url, redisUrl: redis.url },
    env: { DATABASE_URL: url.href },
    async repair() {
      await pair.repair();
      names.point(postgresName, pair.primary().host);
    },
  };
}

export type BehindDnsName = Awaited<ReturnType<typeof start>>;

/** A primary and a standby; a DNS name leads to the primary. */
export const behindDnsName: Topology<BehindDnsName> = {
  name: "a primary and a standby behind one name",
  programs: [],
  start: async () => {
    const stores = await start();
    await stores.repair();
    return stores;
  },
};

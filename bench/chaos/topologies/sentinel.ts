import { startRedisSentinel } from "../../../test/shared/servers/stores/redis-servers.ts";
import { createDatabase } from "../testbed/database.ts";
import { createPostgres } from "../testbed/postgres.ts";
import type { Topology } from "./topology.ts";

async function start() {
  const postgres = await createPostgres();
  await postgres.start();
  const database = await createDatabase(postgres, "chaos");
  const sentinel = await startRedisSentinel();
  const primary = await sentinel.primary();
  return {
    sentinel,
    database,
    services: { databaseUrl: database.url, redisUrl: primary.url },
    env: { REDIS_URL: "", REDIS_SENTINELS: sentinel.sentinels, REDIS_SENTINEL_NAME: sentinel.name },
    async repair() {
      for (const server of sentinel.servers) if (!server.isRunning()) await server.start();
      await sentinel.whenReady();
    },
  };
}

export type WithSentinel = Awaited<ReturnType<typeof start>>;

/** A Redis with a replica and three Sentinels. */
export const sentinel: Topology<WithSentinel> = { name: "Redis with Sentinel", programs: [], start };

import { askRedis, startRedisServer } from "../../../test/shared/servers/stores/redis-servers.ts";
import { createDatabase } from "../testbed/database.ts";
import { createPostgres } from "../testbed/postgres.ts";
import type { Topology } from "./topology.ts";

async function start() {
  const postgres = await createPostgres();
  await postgres.start();
  const database = await createDatabase(postgres, "chaos");
  // The settings of the shipped Compose files.
  const redis = await startRedisServer([
    ...["appendonly yes", "maxmemory-policy noeviction", "enable-debug-command yes"],
    // A pause for each key makes 100,000 keys load as slowly as the data of a large Redis.
    "key-load-delay 1",
  ]);
  return {
    postgres,
    database,
    redis,
    services: { databaseUrl: database.url, redisUrl: redis.url },
    async connections() {
      const clients = String(await askRedis(redis.port, "client", "list"));
      // The connection of this command does not count.
      return { postgres: await database.connections(), redis: clients.trim().split("\n").length - 1 };
    },
  };
}

export type Single = Awaited<ReturnType<typeof start>>;

/** One Postgres and one Redis. */
export const single: Topology<Single> = { name: "single", programs: [], start };

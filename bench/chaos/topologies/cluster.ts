import { startRedisCluster } from "../../../test/shared/servers/stores/redis-servers.ts";
import { createDatabase } from "../testbed/database.ts";
import { createPostgres } from "../testbed/postgres.ts";
import type { Topology } from "./topology.ts";

async function start() {
  const postgres = await createPostgres();
  await postgres.start();
  const database = await createDatabase(postgres, "chaos");
  const cluster = await startRedisCluster();
  await cluster.addReplica();
  return {
    cluster,
    database,
    services: { databaseUrl: database.url, redisUrl: cluster.servers[0]?.url ?? "" },
    env: { REDIS_URL: "", REDIS_CLUSTER_NODES: cluster.nodes },
    async repair() {
      for (const server of cluster.servers) if (!server.isRunning()) await server.start();
      await cluster.allReady();
    },
  };
}

export type WithCluster = Awaited<ReturnType<typeof start>>;

/** A Redis Cluster of three primaries, the first of which has a replica. */
export const cluster: Topology<WithCluster> = { name: "Redis Cluster", programs: [], start };

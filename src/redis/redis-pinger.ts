import { Cluster, type Redis } from "ioredis";
import type { RedisTarget } from "../config/read-config.ts";
import { createRedis, type RedisClient, type RedisLimits } from "./client.ts";

/** Connections for the health check alone, kept while they work and given up as a whole when one does not. */
export function createRedisPinger(target: RedisTarget, limits: RedisLimits) {
  let client: RedisClient | undefined;
  let servers: readonly Redis[] = [];

  const drop = () => {
    client?.disconnect();
    client = undefined;
  };

  async function connect(told: (error: unknown) => void): Promise<void> {
    const made = createRedis(target, limits, "haven-health", { lazyConnect: true, retryStrategy: () => null });
    client = made;
    // ioredis tells why a connection failed by these events only.
    made.on("error", told);
    if (made instanceof Cluster) made.on("node error", told);
    await made.connect();
    if (client === made) servers = made instanceof Cluster ? made.nodes("master") : [made];
  }

  return {
    async ping(signal: AbortSignal): Promise<void> {
      let cause: unknown;
      const told = (error: unknown) => {
        cause ??= error;
      };
      const aborted = Promise.withResolvers<never>();
      const onAbort = () => aborted.reject(signal.reason);
      const attempt = async () => {
        if (client === undefined) await connect(told);
        if (servers.length === 0) throw new Error("No node of the cluster says where it is to be reached");
        await Promise.all(servers.map(target.kind === "cluster" ? pingClusterNode : ping));
      };
      signal.addEventListener("abort", onAbort, { once: true });
      try {
        signal.throwIfAborted();
        // A client that is disconnected while it connects may never say so.
        await Promise.race([aborted.promise, attempt()]);
      } catch (error) {
        drop();
        throw signal.aborted ? error : (cause ?? error);
      } finally {
        signal.removeEventListener("abort", onAbort);
      }
    },
    close: drop,
  };
}

const ping = (server: Redis): Promise<unknown> => server.ping();

/** A node answers PING also while its cluster refuses every command. */
async function pingClusterNode(node: Redis): Promise<void> {
  const info = String(await node.cluster("INFO"));
  if (!info.includes("cluster_state:ok")) throw new Error("CLUSTERDOWN The cluster does not serve all of its slots");
}

import { Cluster, type Redis } from "ioredis";
import type { RedisTarget } from "../config/sections/store-settings.ts";
import { PasswordCommandFailed } from "../core/password-command.ts";
import { createRedis, isWaitingForPassword, type RedisClient, type RedisLimits } from "./client.ts";

/**
 * Creates the connections that only a health check uses. A ping asks each node of a cluster for its state, and calls
 * `prove`, which runs the commands that this server needs. If a part fails, all connections are closed, and the next ping
 * connects again.
 */
export function createRedisPinger(
  target: RedisTarget,
  limits: RedisLimits,
  prove: (client: RedisClient) => Promise<unknown> = (connected) => connected.ping(),
) {
  let client: RedisClient | undefined;
  let servers: readonly Redis[] = [];

  const drop = () => {
    client?.disconnect();
    client = undefined;
  };

  async function connect(onError: (error: unknown) => void): Promise<void> {
    const created = createRedis(target, limits, "haven-health", { lazyConnect: true, retryStrategy: () => null });
    client = created;
    // ioredis reports the cause of a failed connection only in these events.
    created.on("error", onError);
    if (created instanceof Cluster) created.on("node error", onError);
    await created.connect();
    if (client === created) servers = created instanceof Cluster ? created.nodes("master") : [created];
  }

  return {
    async ping(signal: AbortSignal): Promise<void> {
      let cause: unknown;
      const onError = (error: unknown) => {
        cause = moreInformative(cause, error);
      };
      const aborted = Promise.withResolvers<never>();
      const onAbort = () =>
        aborted.reject(isWaitingForPassword(target) ? new PasswordCommandFailed("time-out") : signal.reason);
      const attempt = async () => {
        if (client === undefined) await connect(onError);
        if (servers.length === 0) throw new Error("No node of the cluster announces an address");
        // Runs before `prove`, whose commands would fail while a node is still connecting.
        if (target.kind === "cluster") await Promise.all(servers.map(pingClusterNode));
        if (client !== undefined) await prove(client);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      try {
        signal.throwIfAborted();
        // The promise of a client that is disconnected while it connects may never settle.
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

/** Selects the error to report if several servers failed. The error of a server that answered explains more. */
function moreInformative(previous: unknown, error: unknown): unknown {
  const rank = (candidate: unknown) => {
    if (!(candidate instanceof Error) || !("code" in candidate)) return 0;
    return /^E[A-Z]/.test(String(candidate.code)) && !String(candidate.code).startsWith("ERR") ? 1 : 2;
  };
  return previous === undefined || rank(error) > rank(previous) ? error : previous;
}

/** Uses CLUSTER INFO, because a node answers PING even while its cluster rejects every command. */
async function pingClusterNode(node: Redis): Promise<void> {
  const info = String(await node.cluster("INFO"));
  if (!info.includes("cluster_state:ok")) throw new Error("CLUSTERDOWN The cluster does not cover all slots");
}

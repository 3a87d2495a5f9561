import { Cluster, type Redis } from "ioredis";
import type { RedisTarget } from "../../config/sections/store-settings.ts";
import { certificateExpiry } from "../../core/network/peer-certificate.ts";
import { createRedis, type RedisClient, type RedisLimits } from "../client.ts";

/** Returns the earliest expiry time of the certificates of the servers that this client is connected to. */
export function certificateExpiryOf(client: RedisClient): number | undefined {
  const servers: readonly Redis[] = client instanceof Cluster ? client.nodes() : [client];
  const expiryTimes = servers.map((server) => certificateExpiry(server.stream)).filter((time) => time !== undefined);
  return expiryTimes.length === 0 ? undefined : Math.min(...expiryTimes);
}

/** Reads the expiry time over new connections, which it then closes. */
export async function readCertificateExpiry(target: RedisTarget, limits: RedisLimits): Promise<number | undefined> {
  const client = createRedis(target, limits, "haven-certificates", { lazyConnect: true, retryStrategy: () => null });
  try {
    await client.connect();
    if (client instanceof Cluster) await Promise.all(client.nodes().map((node) => node.ping()));
    return certificateExpiryOf(client);
  } finally {
    client.disconnect();
  }
}

/**
 * A store for the fleet in Redis.
 * @module fleet/redis
 */

import { createHash } from "node:crypto";
import type { SharedStore } from "./fleet-store.ts";
import { createRedisStore, heartbeatScript, type RedisStoreDeps } from "./redis-store.ts";

/**
 * The options of `redisFleetStore`.
 * @example const options: RedisFleetStoreOptions = { client, key: "orders:instances" };
 */
export type RedisFleetStoreOptions = {
  /**
   * A connected client of node-redis, or of ioredis for a single server or a cluster. Its time limits apply to each
   * command.
   */
  client:
    | { call(command: string, ...args: string[]): Promise<unknown> }
    | { sendCommand(args: string[]): Promise<unknown> };
  /** The key of the hash; "health:instances" unless set. */
  key?: string;
};

/**
 * Exchanges heartbeats over a hash of Redis: one field for each instance, one script for each heartbeat.
 * @example
 * import { Redis } from "ioredis";
 * const stores = [redisFleetStore({ client: new Redis({ commandTimeout: 2000, enableOfflineQueue: false }) })];
 * const health = createHealth({ service: "orders", checks, fleet: { stores, shared: ["postgres"] } });
 */
export function redisFleetStore({ client, key = "health:instances" }: RedisFleetStoreOptions): SharedStore {
  const send = (command: string, ...args: string[]): Promise<unknown> =>
    "call" in client ? client.call(command, ...args) : client.sendCommand([command, ...args]);
  const sha = createHash("sha1").update(heartbeatScript).digest("hex");
  const run: RedisStoreDeps["run"] = async (keys, args) => {
    const rest = [String(keys.length), ...keys, ...args.map(String)];
    try {
      return await send("EVALSHA", sha, ...rest);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
      return send("EVAL", heartbeatScript, ...rest);
    }
  };
  const removeField: RedisStoreDeps["removeField"] = (hash, field) => send("HDEL", hash, field);
  return (keepMs) => createRedisStore({ run, removeField, key, keepMs });
}

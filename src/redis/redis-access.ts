import type { StoreCapability } from "../core/store-capability.ts";
import type { RedisClient } from "./client.ts";
import { corkWrites } from "./cork-writes.ts";
import { toDomainError } from "./driver-errors.ts";

type Run = <T>(work: (client: RedisClient) => Promise<T>) => Promise<T>;

/** All commands go through the circuit breaker of their capability, and failures become domain errors. */
export type RedisAccess = { read: Run; write: Run };

export type ProtectRedis = <T>(work: () => Promise<T>, capability: StoreCapability) => Promise<T>;

/** While Redis delays a write, it reads no further commands from that connection, so reads use another connection. */
export type RedisClients = Readonly<Record<StoreCapability, RedisClient>>;

export function createRedisAccess(clients: RedisClients, protect: ProtectRedis): RedisAccess {
  const runOn = (capability: StoreCapability): Run => {
    const client = clients[capability];
    const cork = corkWrites(client);
    return (work) =>
      protect(() => {
        cork();
        return work(client);
      }, capability).catch((error: unknown) => {
        throw toDomainError(error);
      });
  };
  return { read: runOn("read"), write: runOn("write") };
}

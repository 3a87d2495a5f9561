import type { RedisClient } from "./client.ts";
import { corkWrites } from "./cork-writes.ts";
import { toDomainError } from "./driver-errors.ts";

/** The only way to Redis: through the breaker, with failures in our own words. */
export type RedisAccess = { run<T>(work: (client: RedisClient) => Promise<T>): Promise<T> };

type Protect = <T>(work: () => Promise<T>) => Promise<T>;

export function createRedisAccess(client: RedisClient, protect: Protect): RedisAccess {
  const cork = corkWrites(client);
  return {
    run: (work) =>
      protect(() => {
        cork();
        return work(client);
      }).catch((error: unknown) => {
        throw toDomainError(error);
      }),
  };
}

import type { RedisClient } from "./client.ts";
import { corkWrites } from "./cork-writes.ts";
import { toDomainError } from "./driver-errors.ts";

/** All commands go through the circuit breaker, and failures become domain errors. */
export type RedisAccess = { run<T>(work: (client: RedisClient) => Promise<T>): Promise<T> };

export function createRedisAccess(
  client: RedisClient,
  protect: <T>(work: () => Promise<T>) => Promise<T>,
): RedisAccess {
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

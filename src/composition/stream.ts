import type { Config } from "../config/read-config.ts";
import type { Database } from "../db/pool.ts";
import { createStreamService, type StreamDeps } from "../features/stream/service.ts";
import type { Metrics } from "../metrics/registry.ts";
import { addStreamMetrics } from "../metrics/stream.ts";
import { createRedisChannel } from "../redis/channel.ts";
import type { RedisAccess } from "../redis/redis-access.ts";
import type { Services } from "./services.ts";

export type StreamPartsDeps = Pick<StreamDeps, "connections" | "isStillSignedIn"> & {
  config: Config;
  addresses: Pick<Services, "redis">;
  metrics: Metrics;
  db: Database;
  redis: RedisAccess;
};

/** The stream, the channel on which instances wake each other, and what there is to count. */
export function composeStream({ config, addresses, metrics, redis, ...deps }: StreamPartsDeps) {
  const channel = createRedisChannel({ target: addresses.redis, limits: config.redis, redis, name: "haven:events" });
  const stream = createStreamService({ ...deps, channel, settings: config.stream });
  addStreamMetrics(metrics, stream.counts);
  return stream;
}

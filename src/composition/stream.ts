import type { Config } from "../config/read-config.ts";
import type { RedisTarget } from "../config/sections/store-settings.ts";
import type { Database } from "../db/pool.ts";
import { createStreamService, type StreamDeps } from "../features/stream/service.ts";
import type { Metrics } from "../metrics/registry.ts";
import { addStreamMetrics } from "../metrics/stream.ts";
import { createRedisChannel } from "../redis/channel.ts";
import type { RedisAccess } from "../redis/redis-access.ts";
import type { Overrides } from "./overrides.ts";

export type StreamPartsDeps = {
  config: Config;
  target: RedisTarget;
  metrics: Metrics;
  db: Database;
  redis: RedisAccess;
  connections: StreamDeps["connections"];
  isStillSignedIn: StreamDeps["isStillSignedIn"];
  stack: AsyncDisposableStack;
  overrides: Overrides;
};

/** Creates the event stream, and the channel through which instances notify each other. */
export function composeStream(deps: StreamPartsDeps) {
  const { config, target, metrics, db, redis, connections, isStillSignedIn, stack, overrides } = deps;
  const channel =
    overrides.channel ?? createRedisChannel({ target, limits: config.redis, redis, name: "haven:events" });
  const stream = stack.adopt(
    createStreamService({ db, channel, connections, isStillSignedIn, settings: config.stream }),
    (running) => running.stop(),
  );
  addStreamMetrics(metrics, stream.counts);
  return stream;
}

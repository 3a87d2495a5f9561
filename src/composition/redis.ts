import type { Config } from "../config/read-config.ts";
import type { RedisTarget } from "../config/store-settings.ts";
import type { Certificates } from "../core/certificate-watch.ts";
import type { Logger } from "../core/logger.ts";
import { redisCheck } from "../kit/checks/service-checks.ts";
import type { Breakers } from "../kit/resilience/breakers.ts";
import type { CallTimer } from "../metrics/calls.ts";
import { createRedis, watchConnections } from "../redis/client.ts";
import { certificateEndOf, readCertificateEnd } from "../redis/connect/certificate-end.ts";
import { explainRedisFailure } from "../redis/connect/explain-failure.ts";
import { isRedisFailure } from "../redis/driver-errors.ts";
import { createRedisAccess } from "../redis/redis-access.ts";
import { createRedisPinger } from "../redis/redis-pinger.ts";
import { createConnectionLog } from "./connection-log.ts";
import type { Overrides } from "./overrides.ts";

export type RedisPartsDeps = {
  config: Config;
  target: RedisTarget;
  logger: Logger;
  certificates: Certificates;
  breakers: Breakers;
  timed: CallTimer;
  stack: AsyncDisposableStack;
  overrides: Overrides;
};

/** The client behind its breaker, and the check on a separate connection. */
export function composeRedis({
  config,
  target,
  logger,
  certificates,
  breakers,
  timed,
  stack,
  overrides,
}: RedisPartsDeps) {
  const breaker = breakers.create({ name: "redis", isFailure: isRedisFailure });
  const log = createConnectionLog({ logger, store: "redis", explain: explainRedisFailure });
  const client = stack.adopt(createRedis(target, config.redis, "haven"), (connection) => connection.disconnect());
  const pinger = stack.adopt(
    createRedisPinger(target, { ...config.redis, commandTimeoutMs: config.health.timeoutMs }),
    (connection) => connection.close(),
  );
  watchConnections(client, () => certificates.seen("redis", certificateEndOf(client)));
  certificates.refreshWith("redis", () => readCertificateEnd(target, config.redis));
  return {
    breakers: { read: breaker, write: breaker },
    redis:
      overrides.redis ??
      // Timed inside the breaker: a rejected call took no time of Redis.
      createRedisAccess(client, (work) => breaker.run(() => timed("redis", work))),
    /** For background work, which no request waits for: its failures do not open the breaker. */
    uncounted: createRedisAccess(client, breaker.runUncounted),
    /** Calls back whenever Redis may have missed something. */
    onRedisBack(listener: () => void): void {
      watchConnections(client, listener);
      breakers.onClosed(breaker.name, listener);
    },
    checks: [
      // While the breaker is open, the check is its trial.
      redisCheck(
        { ping: (signal) => breaker.runTrial(() => log.watch(() => pinger.ping(signal))) },
        config.health.requires.includes("redis"),
      ),
    ],
  };
}

import { Cluster } from "ioredis";
import type { Logger } from "../../core/logging/logger.ts";
import type { Metrics } from "../../metrics/registry.ts";
import { addSessionCacheMetrics, createConfirmationMetric } from "../../metrics/session-cache.ts";
import { watchConnections } from "../../redis/client.ts";
import type { RedisAccess, RedisClients } from "../../redis/redis-access.ts";
import { createConfirmations } from "../../redis/tracking/confirmations.ts";
import { createKeyTracking } from "../../redis/tracking/key-tracking.ts";
import { createSessionCache } from "../../sessions/session-cache.ts";
import { readSession, type StoreDeps } from "../../sessions/session-store.ts";

export type SessionCacheDeps = {
  /** Whether `SESSION_CACHE` is on. */
  isEnabled: boolean;
  clients: RedisClients;
  /** For messages to other instances, and for tests whether invalidations arrive. No breaker counts these calls. */
  redis: RedisAccess;
  logger: Pick<Logger, "info">;
  metrics: Pick<Metrics, "add">;
  stack: AsyncDisposableStack;
};

type Parts = Pick<StoreDeps, "cache" | "confirmRevocation">;

const emptyCounts = () => ({ hits: 0, misses: 0, invalidations: 0, entries: 0, bytes: 0 });

/** Creates the cache of sessions. Redis reports changed sessions to the connection that has read them. */
export function composeSessionCache({ isEnabled, clients, redis, logger, metrics, stack }: SessionCacheDeps): Parts {
  const { read: client } = clients;
  if (client instanceof Cluster) {
    // A key may move to another node, and that node does not report changes to the connections that have read the key.
    if (isEnabled) logger.info({ reason: "cluster" }, "session cache off");
    addSessionCacheMetrics(metrics, { counts: emptyCounts, offReason: () => "cluster" });
    return {};
  }
  const onWaited = createConfirmationMetric(metrics);
  const { confirm, listen } = createConfirmations({ client, redis, remembersKeys: isEnabled, onWaited });
  if (!isEnabled) {
    // While the setting is being changed, other instances may still cache sessions. This instance has to receive their
    // confirmations that they have dropped a revoked session.
    watchConnections(client, () => void listen().catch(() => undefined));
    addSessionCacheMetrics(metrics, { counts: emptyCounts, offReason: () => "setting" });
    return { confirmRevocation: confirm };
  }
  const tracking = stack.adopt(
    createKeyTracking({
      client,
      readKey: (connection, key) => readSession(connection, key, 0),
      changeKey: (key) => redis.write((connection) => connection.set(key, "", "PX", 1000)),
      beforeUse: listen,
      onInvalidated: (key) => cache.invalidate(key),
      onAllInvalidated: () => cache.clear(),
      onChange: (reason) => {
        if (reason === undefined) logger.info("session cache on");
        else logger.info({ reason }, "session cache off");
      },
    }),
    (running) => running.stop(),
  );
  const cache = createSessionCache({ isCurrent: tracking.isCurrent });
  addSessionCacheMetrics(metrics, { counts: cache.counts, offReason: tracking.offReason });
  return { cache, confirmRevocation: confirm };
}

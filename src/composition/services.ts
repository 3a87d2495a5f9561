import { setTimeout as sleep } from "node:timers/promises";
import type { CheckName } from "../config/parsers.ts";
import type { Config, RedisTarget } from "../config/read-config.ts";
import { isDatabaseFailure } from "../db/driver-errors.ts";
import { readMigrations } from "../db/migration-files.ts";
import { createDatabase } from "../db/pool.ts";
import { createPostgresPinger } from "../db/postgres-pinger.ts";
import { postgresCheck, redisCheck, schemaCheck } from "../kit/checks/service-checks.ts";
import type { Check } from "../kit/health/check.ts";
import type { Breakers } from "../kit/resilience/breakers.ts";
import { createCallMetrics } from "../metrics/calls.ts";
import { addPoolMetrics } from "../metrics/pool.ts";
import type { Metrics } from "../metrics/registry.ts";
import { createRedis, watchConnections } from "../redis/client.ts";
import { isRedisFailure } from "../redis/driver-errors.ts";
import { createRedisAccess } from "../redis/redis-access.ts";
import { createRedisPinger } from "../redis/redis-pinger.ts";

/** Where the services are, after the embedded ones are up. */
export type Services = { databaseUrl: string; redis: RedisTarget; jwtSecret: string };

export type ServicesDeps = { config: Config; addresses: Services; breakers: Breakers; metrics: Metrics };

const closeLimitMs = 2000;

/** Postgres and Redis: each with its client behind a breaker, and its check on a connection of its own. */
export async function composeServices({ config, addresses, breakers, metrics }: ServicesDeps) {
  const postgresLimits = { ...config.postgres, url: addresses.databaseUrl };
  const critical = (name: CheckName) => config.health.requires.includes(name);

  const postgresBreaker = breakers.create({ name: "postgres", isFailure: isDatabaseFailure });
  // Timed within the breaker: a call that was refused took no time of the dependency.
  const timed = createCallMetrics(metrics, ["postgres", "redis"]);
  const db = createDatabase(postgresLimits, (work) => postgresBreaker.run(() => timed("postgres", work)));
  const redisBreaker = breakers.create({ name: "redis", isFailure: isRedisFailure });
  const redisClient = createRedis(addresses.redis, config.redis, "haven");
  const redis = createRedisAccess(redisClient, (work) => redisBreaker.run(() => timed("redis", work)));
  // What refuses a heartbeat, a full disk or memory, may well serve requests.
  const aside = {
    db: db.withGuard(postgresBreaker.runUncounted),
    redis: createRedisAccess(redisClient, redisBreaker.runUncounted),
  };
  addPoolMetrics(metrics, db, postgresLimits.poolMax);

  const migrations = (await readMigrations()).map(({ name }) => name);
  const postgresPinger = createPostgresPinger(
    { ...postgresLimits, statementTimeoutMs: config.health.timeoutMs },
    migrations,
  );
  const redisPinger = createRedisPinger(addresses.redis, {
    ...config.redis,
    commandTimeoutMs: config.health.timeoutMs,
  });
  const checks: readonly Check[] = [
    // While a breaker is open the background check is its trial.
    postgresCheck(
      { ping: (signal) => postgresBreaker.runTrial(() => postgresPinger.ping(signal)) },
      critical("postgres"),
    ),
    redisCheck({ ping: (signal) => redisBreaker.runTrial(() => redisPinger.ping(signal)) }, critical("redis")),
    schemaCheck(postgresPinger, critical("schema")),
  ];

  return {
    db,
    redis,
    /** For what no request waits for. */
    aside,
    onRedisBack(listener: () => void): void {
      watchConnections(redisClient, listener);
      breakers.onClosed(redisBreaker.name, listener);
    },
    checks,
    async close(): Promise<void> {
      redisPinger.close();
      redisClient.disconnect();
      postgresPinger.close();
      // A statement that was cut off may hold its connection until its own limit; the exit does not wait for that.
      await Promise.race([db.close(), sleep(closeLimitMs, undefined, { ref: false })]);
    },
  };
}

import type { Config } from "../config/read-config.ts";
import type { Logger } from "../core/logging/logger.ts";
import type { Clock } from "../core/timing/clock.ts";
import type { Queryable } from "../db/pool.ts";
import { createPostgresStore } from "../fleet/postgres-store.ts";
import { createRedisStore } from "../fleet/redis-store.ts";
import { createOutlier, joinFleet, keepMsFor } from "../kit/fleet/join-fleet.ts";
import type { DecisionRecord } from "../kit/fleet/outlier-policy.ts";
import type { Decision } from "../kit/fleet/outlier-vote.ts";
import type { FleetReport, Identity } from "../kit/health/health-report.ts";
import type { Monitor } from "../kit/health/monitor.ts";
import { strictPolicy } from "../kit/health/readiness-policy.ts";
import type { SystemWatch } from "../kit/health/system-watch.ts";
import { addFleetMetrics } from "../kit/metrics/fleet.ts";
import type { Metrics } from "../metrics/registry.ts";
import type { RedisAccess } from "../redis/redis-access.ts";
import type { Overrides } from "./overrides.ts";

/** The checks of dependencies that all instances share; event loop, memory and disk belong to one instance. */
const shared = new Set(["postgres", "postgres:write", "redis", "redis:write", "schema"]);

export type PolicyPartsDeps = { config: Config; clock: Clock; logger: Logger };

/** Creates the policy that decides whether a failing critical check takes the instance out of rotation. */
export function composePolicy({ config, clock, logger }: PolicyPartsDeps) {
  const decisions: Record<Decision, number> = { shared_outage: 0, outlier: 0, unsure: 0 };
  const onDecision = (record: DecisionRecord) => {
    decisions[record.decision] += 1;
    logger.warn(record, decisionMessages[record.decision]);
  };
  const { intervalMs, timeoutMs } = config.health;
  const outlier =
    config.health.policy === "outlier"
      ? createOutlier({ clock, intervalMs, timeoutMs, shared, onDecision })
      : undefined;
  return { outlier, policy: outlier?.policy ?? strictPolicy, decisions };
}

const decisionMessages: Readonly<Record<Decision, string>> = {
  shared_outage: "most instances are affected: this instance stays in rotation",
  outlier: "only this instance is affected: it leaves the rotation",
  unsure: "the state of the other instances is unknown: this instance leaves the rotation",
};

export type FleetPartsDeps = {
  config: Config;
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
  identity: Identity;
  readiness: ReturnType<typeof composePolicy>;
  background: { db: Queryable; redis: RedisAccess };
  monitor: Monitor;
  systemWatch: SystemWatch;
  stack: AsyncDisposableStack;
  overrides: Overrides;
};

/** Creates the exchange of check results between the instances, through Redis and Postgres. */
export function composeFleet(deps: FleetPartsDeps) {
  const { config, clock, logger, metrics, identity, readiness, background, monitor, systemWatch } = deps;
  const { stack, overrides } = deps;
  const { intervalMs, timeoutMs, policy, requires } = config.health;
  const { outlier, decisions } = readiness;
  const keepMs = keepMsFor(intervalMs);
  const fleet = joinFleet({
    stores: overrides.fleetStores ?? [
      createRedisStore(background.redis, keepMs),
      createPostgresStore(background.db, keepMs),
    ],
    identity: { instance: identity.instance, version: identity.version },
    intervalMs,
    timeoutMs,
    maxAbandoned: Math.max(1, Math.floor(config.postgres.poolMax / 2)),
    clock,
    policy: outlier,
    monitor,
    shared,
    pacingCheck: requires.find((name) => shared.has(name)) ?? "postgres",
    traffic: systemWatch.traffic,
    onDuplicateName: () =>
      logger.warn(
        "another process has the same INSTANCE_ID: restart this process with a different one, for example INSTANCE_ID=second",
      ),
  });
  addFleetMetrics(metrics, { states: fleet.counts, loadSpread: fleet.loadSpread, decisions: () => decisions });

  stack.defer(fleet.leave);
  stack.defer(monitor.stop);
  return { report: (): FleetReport => ({ policy, ...fleet.report() }) };
}

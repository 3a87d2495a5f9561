import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../config/read-config.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { Queryable } from "../db/pool.ts";
import { createChangeNotifier } from "../fleet/change-notifier.ts";
import { createFleet } from "../fleet/fleet.ts";
import { createOutlierPolicy, type DecisionRecord } from "../fleet/outlier-policy.ts";
import type { Decision } from "../fleet/outlier-vote.ts";
import { createPostgresStore } from "../fleet/postgres-store.ts";
import { createRedisStore } from "../fleet/redis-store.ts";
import type { FleetReport, Identity } from "../kit/health/health-report.ts";
import { namedWithinMs } from "../kit/health/monitor.ts";
import { strictPolicy } from "../kit/health/readiness-policy.ts";
import { addFleetMetrics } from "../metrics/fleet.ts";
import type { Metrics } from "../metrics/registry.ts";
import type { RedisAccess } from "../redis/redis-access.ts";
import type { HealthParts } from "./health.ts";

/** What all instances share. An event loop, a memory and a disk are each instance's own. */
const shared = new Set(["postgres", "redis", "schema"]);

export type PolicyPartsDeps = { config: Config; clock: Clock; logger: Logger };

/** What decides whether a failing critical check takes the instance out; it is asked before there is a fleet to ask. */
export function composePolicy({ config, clock, logger }: PolicyPartsDeps) {
  const decisions: Record<Decision, number> = { shared_outage: 0, outlier: 0, unsure: 0 };
  const onDecision = (decided: DecisionRecord) => {
    decisions[decided.decision] += 1;
    logger.warn(decided, words[decided.decision]);
  };
  const boundMs = namedWithinMs(config.health) - tellingMs;
  const { intervalMs } = config.health;
  const outlier =
    config.health.policy === "outlier"
      ? createOutlierPolicy({ clock, intervalMs, boundMs, shared, onDecision })
      : undefined;
  return { outlier, policy: outlier?.policy ?? strictPolicy, decisions };
}

const words: Readonly<Record<Decision, string>> = {
  shared_outage: "most of the fleet has lost it too: this instance stays in rotation",
  outlier: "most of the fleet is well: this instance leaves the rotation",
  unsure: "the fleet gives no answer to go by: this instance leaves the rotation",
};

export type FleetPartsDeps = PolicyPartsDeps & {
  metrics: Metrics;
  identity: Identity;
  aside: { db: Queryable; redis: RedisAccess };
  readiness: ReturnType<typeof composePolicy>;
} & Pick<HealthParts, "monitor" | "watch">;

/** Instances that know each other: on the clock of the checks, over both stores. */
export function composeFleet(deps: FleetPartsDeps) {
  const { config, clock, logger, metrics, identity, aside, readiness, monitor, watch } = deps;
  const { intervalMs, timeoutMs, policy, requires } = config.health;
  const { outlier, decisions } = readiness;
  const keepMs = intervalMs * 3;
  const fleet = createFleet({
    stores: [createRedisStore(aside.redis, keepMs), createPostgresStore(aside.db, keepMs)],
    identity: { instance: identity.instance, version: identity.version },
    intervalMs,
    timeoutMs,
    maxAbandoned: Math.max(1, Math.floor(config.postgres.poolMax / 2)),
    clock,
    policy: outlier,
    snapshot: monitor.snapshot,
    traffic: () => {
      const { requestsPerSecond, errorsPerSecond, inFlight } = watch.http();
      return { requestsPerSecond, errorsPerSecond, inFlight };
    },
    onDuplicateName: () => logger.warn("another process has the same INSTANCE_ID: give each instance one of its own"),
  });
  outlier?.onChange(monitor.reevaluate);
  const everyResultOf = requires.find((name) => shared.has(name)) ?? "postgres";
  monitor.onSnapshot(createChangeNotifier({ everyResultOf, shared, notify: fleet.sendNow }));
  addFleetMetrics(metrics, { states: fleet.counts, loadSpread: fleet.loadSpread, decisions: () => decisions });

  return {
    picture: (): FleetReport => ({ policy, ...fleet.report() }),
    /** Best effort: who does not manage to is gone within three intervals all the same. */
    async leave(): Promise<void> {
      outlier?.stop();
      await Promise.race([fleet.leave(), sleep(leaveLimitMs, undefined, { ref: false })]);
    },
  };
}

const leaveLimitMs = 1000;

/** The end of the time is the last moment to be seen outside, and not the first to begin. */
const tellingMs = 100;

export type FleetParts = ReturnType<typeof composeFleet>;

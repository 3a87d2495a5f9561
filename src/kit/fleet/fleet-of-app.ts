import { guard, warn } from "../guard-callback.ts";
import type { Identity } from "../health/health-report.ts";
import type { Monitor } from "../health/monitor.ts";
import type { SystemWatch } from "../health/system-watch.ts";
import { addFleetMetrics } from "../metrics/fleet.ts";
import type { MetricsSink } from "../metrics/metrics-sink.ts";
import type { FleetOptions } from "../options.ts";
import { createOutlier, joinFleet, keepMsFor } from "./join-fleet.ts";
import type { Decision } from "./outlier-vote.ts";

/** A store is not called while this many timed-out calls to it still hold a connection. */
const maxAbandoned = 2;

export type FleetOfAppDeps = {
  identity: Pick<Identity, "instance" | "version">;
  intervalMs: number;
  timeoutMs: number;
  clock: { now(): number };
};

/** Creates the policy for the option `fleet`. The exchange starts later, with `join`, because it needs the monitor. */
export function createFleetOfApp(options: FleetOptions, { identity, ...times }: FleetOfAppDeps) {
  const { stores, policy = "outlier", onDecision } = options;
  const shared = new Set(options.shared);
  const [pacingCheck = ""] = shared;
  const decisions: Record<Decision, number> = { shared_outage: 0, outlier: 0, unsure: 0 };
  const outlier =
    policy === "strict"
      ? undefined
      : createOutlier({
          ...times,
          shared,
          onDecision(record) {
            decisions[record.decision] += 1;
            guard("onDecision", () => onDecision?.(record));
          },
        });
  return {
    policy: outlier?.policy,
    join(monitor: Monitor, systemWatch: Pick<SystemWatch, "traffic">, metrics: Pick<MetricsSink, "add">) {
      const fleet = joinFleet({
        ...times,
        stores: stores.map((create) => create(keepMsFor(times.intervalMs))),
        identity: { instance: identity.instance, version: identity.version },
        maxAbandoned,
        policy: outlier,
        monitor,
        shared,
        pacingCheck,
        traffic: systemWatch.traffic,
        onDuplicateName: () =>
          warn("another process has the same instance name: give each instance a name of its own", undefined),
      });
      addFleetMetrics(metrics, { states: fleet.counts, loadSpread: fleet.loadSpread, decisions: () => decisions });
      return {
        leave: fleet.leave,
        report: () => ({ policy, ...fleet.report() }),
        /** Throws if a name in `shared` is not the name of a check. */
        refuseUnknownChecks(): void {
          const names = new Set(monitor.capabilityNames());
          const unknown = [...shared].filter((name) => !names.has(name));
          if (unknown.length > 0)
            throw new Error(`fleet.shared names "${unknown.join('", "')}", and there is no such check`);
        },
      };
    },
  };
}

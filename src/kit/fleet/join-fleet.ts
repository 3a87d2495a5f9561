import { detectionTimeMs, type Monitor } from "../health/monitor.ts";
import { createChangeNotifier } from "./change-notifier.ts";
import { createFleet, type FleetDeps } from "./fleet.ts";
import { createOutlierPolicy, type OutlierPolicy, type PolicyDeps } from "./outlier-policy.ts";

/** How long a store keeps a heartbeat. */
export const keepMsFor = (intervalMs: number): number => intervalMs * 3;

/**
 * The time from a decision until `/ready` reports it. The deadline for a decision is this much earlier than the end of
 * the detection time.
 */
const reportMarginMs = 100;

export type OutlierDeps = Omit<PolicyDeps, "decisionLimitMs"> & { timeoutMs: number };

/** Creates the policy that decides whether a failing critical check takes the instance out of rotation. */
export const createOutlier = ({ timeoutMs, ...deps }: OutlierDeps): OutlierPolicy =>
  createOutlierPolicy({ ...deps, decisionLimitMs: detectionTimeMs({ ...deps, timeoutMs }) - reportMarginMs });

export type JoinDeps = Omit<FleetDeps, "snapshot"> & {
  monitor: Pick<Monitor, "snapshot" | "onSnapshot" | "reevaluate">;
  /** The checks that the instances vote on. */
  shared: ReadonlySet<string>;
  /** Each result of this check sends a heartbeat. */
  pacingCheck: string;
};

const leaveLimitMs = 1000;

/** Exchanges the results of checks with the other instances, from the first result of a check on. */
export function joinFleet({ monitor, shared, pacingCheck, ...deps }: JoinDeps) {
  const fleet = createFleet({ ...deps, snapshot: monitor.snapshot });
  deps.policy?.onChange(monitor.reevaluate);
  monitor.onSnapshot(createChangeNotifier({ pacingCheck, shared, notify: fleet.sendNow }));
  const leave = async (): Promise<void> => {
    deps.policy?.stop();
    const { promise: timedOut, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, leaveLimitMs);
    await Promise.race([fleet.leave(), timedOut]);
    clearTimeout(timer);
  };
  let leaving: Promise<void> | undefined;
  return {
    ...fleet,
    /**
     * Removes the heartbeat of this instance. If that fails or takes long, the other instances ignore this one after
     * three intervals.
     */
    leave(): Promise<void> {
      leaving ??= leave();
      return leaving;
    },
  };
}

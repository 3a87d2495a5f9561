import type { Reason } from "../../core/errors/failure-reason.ts";
import type { Phase } from "../lifecycle/phase.ts";

// Pure functions from observations to states. The time is an argument.

/**
 * The state of a capability. It is unknown before the first result, and when there is no recent result.
 * @example const status: CapabilityStatus = "up";
 */
export type CapabilityStatus = "unknown" | "up" | "down";

/**
 * `impaired`: some capabilities of the check are up, and some are down.
 * @example const status: CheckStatus = "impaired";
 */
export type CheckStatus = CapabilityStatus | "impaired";

/**
 * The result of one run of a check.
 * @example const onResult = (name: string, result: Observation) => log.debug({ name, result });
 */
export type Observation =
  | {
      ok: true;
      /** The duration of the run. */
      latencyMs: number;
    }
  | {
      ok: false;
      /** The duration of the run. */
      latencyMs: number;
      /** Why the check failed. */
      reason: Reason;
      /** The error code of the dependency or of the system. */
      code?: string | undefined;
    };

/** The state of one capability. A check without named capabilities has a single state. */
export type CheckState = {
  status: CapabilityStatus;
  since: number;
  latencyMs: number | null;
  lastSuccessAt: number | null;
  lastFailureAt: number | null;
  /** When the current or the latest series of failures began. */
  failingSince: number | null;
  consecutiveFailures: number;
  consecutiveSuccesses: number;
  reason: Reason | null;
};

export const initialState = (now: number): CheckState => ({
  status: "unknown",
  since: now,
  latencyMs: null,
  lastSuccessAt: null,
  lastFailureAt: null,
  failingSince: null,
  consecutiveFailures: 0,
  consecutiveSuccesses: 0,
  reason: null,
});

const failuresToGoDown = 2;
const successesToComeUp = 2;

/**
 * Applies a result. Two consecutive failures mean down, and two consecutive successes mean up. If the first result of
 * all is a success, it means up. A capability that waits for others (see `waitsForOthers`) does not go down yet.
 */
export function applyObservation(
  state: CheckState,
  observation: Observation,
  now: number,
  others: readonly CheckState[] = [],
): CheckState {
  const next: CheckState = observation.ok
    ? {
        ...state,
        latencyMs: observation.latencyMs,
        lastSuccessAt: now,
        consecutiveFailures: 0,
        consecutiveSuccesses: state.consecutiveSuccesses + 1,
      }
    : {
        ...state,
        latencyMs: observation.latencyMs,
        lastFailureAt: now,
        failingSince: state.consecutiveFailures === 0 ? now - observation.latencyMs : state.failingSince,
        consecutiveFailures: state.consecutiveFailures + 1,
        consecutiveSuccesses: 0,
        reason: observation.reason,
      };
  const isUp =
    observation.ok &&
    (state.status === "up" || state.lastSuccessAt === null || next.consecutiveSuccesses >= successesToComeUp);
  if (!isUp) return goDownIfDue(next, now, others);
  return { ...next, reason: null, status: "up", since: state.status === "up" ? state.since : now };
}

/**
 * Makes a capability down if it has failed often enough and does not wait for others (see `waitsForOthers`). Also
 * called when another capability of the same check has changed.
 */
export function goDownIfDue(state: CheckState, now: number, others: readonly CheckState[]): CheckState {
  const isDue = state.status !== "down" && state.consecutiveFailures >= failuresToGoDown;
  if (!isDue || waitsForOthers(state, others)) return state;
  return { ...state, status: "down", since: now };
}

/**
 * Returns whether a failing capability stays up until the other capabilities of its check have a newer result. So in an
 * outage all capabilities go down together, and none counts as working only because its check runs a moment later. The
 * first failure of a capability makes the others run at once, so the wait takes at most the time limit of a check.
 */
const waitsForOthers = ({ failingSince }: CheckState, others: readonly CheckState[]): boolean =>
  others.some(
    ({ status, consecutiveFailures, lastSuccessAt }) =>
      status === "up" &&
      consecutiveFailures < failuresToGoDown &&
      (consecutiveFailures > 0 || (lastSuccessAt ?? 0) < (failingSince ?? 0)),
  );

/**
 * Returns whether the check runs again at once to confirm a first failure, so that an outage is detected one time limit
 * later, not one interval later.
 */
export const needsConfirmation = (state: CheckState): boolean =>
  state.consecutiveFailures === 1 && state.status !== "down";

/**
 * Returns whether the first success after an outage needs a second one, an interval later, so that a flapping check
 * stays down.
 */
export const isRecovering = ({ status, consecutiveSuccesses }: CheckState): boolean =>
  status !== "up" && consecutiveSuccesses > 0;

/** Makes a check unknown if its latest result is older than `maxAgeMs`. */
export function expireStale(state: CheckState, now: number, maxAgeMs: number): CheckState {
  const lastResultAt = Math.max(state.lastSuccessAt ?? 0, state.lastFailureAt ?? 0);
  if (state.status === "unknown" || now - lastResultAt <= maxAgeMs) return state;
  return { ...state, status: "unknown", since: lastResultAt + maxAgeMs };
}

export type ReadyStatus = "ready" | "degraded" | "not_ready" | "starting" | "draining";

export type JudgedCapability = CheckState & {
  /** The name of the check, or `check:capability`. */
  name: string;
  critical: boolean;
  startup: boolean;
};

export type ReadyCapability = Pick<JudgedCapability, "status" | "critical"> & { name?: string };

/**
 * Computes the verdict. If an exempted capability is down, the verdict is only degraded. An unknown capability is never
 * exempted.
 */
export function readiness(
  phase: Phase,
  capabilities: readonly ReadyCapability[],
  exempted: readonly string[] = [],
): ReadyStatus {
  if (phase === "starting") return "starting";
  if (phase === "draining" || phase === "stopped") return "draining";
  const isExempted = ({ name, status }: ReadyCapability) =>
    status === "down" && name !== undefined && exempted.includes(name);
  if (capabilities.some((one) => one.critical && one.status !== "up" && !isExempted(one))) return "not_ready";
  return capabilities.some(({ status }) => status === "down") ? "degraded" : "ready";
}

export const isReady = (status: ReadyStatus): boolean => status === "ready" || status === "degraded";

/** Returns whether every startup capability and every critical one has passed once. */
export const hasStarted = (capabilities: readonly JudgedCapability[]): boolean =>
  capabilities.every(({ startup, critical, lastSuccessAt }) => !(startup || critical) || lastSuccessAt !== null);

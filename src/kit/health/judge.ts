import type { Reason } from "./check.ts";

// Judgement is pure: what was seen goes in, what is believed comes out. Times are given, never asked for.

export type CheckStatus = "unknown" | "up" | "down";

export type Observation = { ok: true; latencyMs: number } | { ok: false; latencyMs: number; reason: Reason };

export type CheckState = {
  status: CheckStatus;
  since: number;
  latencyMs: number | null;
  lastSuccessAt: number | null;
  lastFailureAt: number | null;
  /** When the first of the failures in a row began; older where none fails now. */
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

/** Down takes two failures in a row, up again two successes in a row; the first success of all counts at once. */
export function applyObservation(state: CheckState, seen: Observation, now: number): CheckState {
  const next: CheckState = seen.ok
    ? {
        ...state,
        latencyMs: seen.latencyMs,
        lastSuccessAt: now,
        consecutiveFailures: 0,
        consecutiveSuccesses: state.consecutiveSuccesses + 1,
      }
    : {
        ...state,
        latencyMs: seen.latencyMs,
        lastFailureAt: now,
        failingSince: state.consecutiveFailures === 0 ? now - seen.latencyMs : state.failingSince,
        consecutiveFailures: state.consecutiveFailures + 1,
        consecutiveSuccesses: 0,
        reason: seen.reason,
      };
  const status = state.lastSuccessAt === null && seen.ok ? "up" : nextStatus(state.status, next);
  const reason = status === "up" && seen.ok ? null : next.reason;
  return status === state.status ? { ...next, reason } : { ...next, reason, status, since: now };
}

function nextStatus(status: CheckStatus, { consecutiveFailures, consecutiveSuccesses }: CheckState): CheckStatus {
  if (consecutiveFailures >= failuresToGoDown) return "down";
  if (status !== "up" && consecutiveSuccesses >= successesToComeUp) return "up";
  return status;
}

/** A first failure is confirmed at once, so that an outage is named a time limit later and not an interval later. */
export const needsConfirmation = (state: CheckState): boolean =>
  state.consecutiveFailures === 1 && state.status !== "down";

/** A first success behind an outage: the one that makes it an end has to come a whole interval later. */
export const isRecovering = ({ status, consecutiveSuccesses }: CheckState): boolean =>
  status !== "up" && consecutiveSuccesses > 0;

/** Nothing was heard of this check for longer than can be: what it said last is no longer known to be true. */
export function expireStale(state: CheckState, now: number, maxAgeMs: number): CheckState {
  const heardAt = Math.max(state.lastSuccessAt ?? 0, state.lastFailureAt ?? 0);
  if (state.status === "unknown" || now - heardAt <= maxAgeMs) return state;
  return { ...state, status: "unknown", since: heardAt + maxAgeMs };
}

export type Phase = "starting" | "ready" | "draining" | "stopped";
export type ReadyStatus = "ready" | "degraded" | "not_ready" | "starting" | "draining";
export type JudgedCheck = CheckState & { name: string; critical: boolean; startup: boolean };

export type ReadyCheck = Pick<JudgedCheck, "status" | "critical"> & { name?: string };

/** A critical check that is exempted only degrades while it is down; one that is not heard of is never exempted. */
export function readiness(phase: Phase, checks: readonly ReadyCheck[], exempted: readonly string[] = []): ReadyStatus {
  if (phase === "starting") return "starting";
  if (phase === "draining" || phase === "stopped") return "draining";
  const isExempted = ({ name, status }: ReadyCheck) =>
    status === "down" && name !== undefined && exempted.includes(name);
  if (checks.some((check) => check.critical && check.status !== "up" && !isExempted(check))) return "not_ready";
  return checks.some(({ status }) => status === "down") ? "degraded" : "ready";
}

export const isReady = (status: ReadyStatus): boolean => status === "ready" || status === "degraded";

/** Everything that has to be true once before the instance may serve. */
export const hasStarted = (checks: readonly JudgedCheck[]): boolean =>
  checks.every(({ startup, critical, lastSuccessAt }) => !(startup || critical) || lastSuccessAt !== null);

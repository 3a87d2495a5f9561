import type { Check } from "./check.ts";
import type { History } from "./history.ts";
import {
  applyObservation,
  type CheckState,
  type CheckStatus,
  hasStarted,
  initialState,
  isRecovering,
  type JudgedCheck,
  needsConfirmation,
  type Observation,
  type Phase,
} from "./judge.ts";
import { type ReadinessPolicy, strictPolicy } from "./readiness-policy.ts";
import { runCheck } from "./run-check.ts";
import { type Snapshot, takeSnapshot } from "./snapshot.ts";

export type MonitorDeps = {
  checks: readonly Check[];
  intervalMs: number;
  timeoutMs: number;
  history: Pick<History, "add">;
  /** Wall clock, in ms. */
  clock: { now(): number };
  /** Every single result, before it is judged: for metrics, sparklines and breakers. */
  onResult?: (name: string, seen: Observation, status: CheckStatus) => void;
  /** Whether a failing critical check takes the instance out; it does unless said otherwise. */
  policy?: ReadinessPolicy;
};

/** A dependency that is lost is named within this time; a check that stays within its limits is heard of as often. */
export const namedWithinMs = ({ intervalMs, timeoutMs }: { intervalMs: number; timeoutMs: number }): number =>
  intervalMs + 2 * timeoutMs + 500;

/** Keeps the snapshot: runs each check on a clock of its own, and judges. Probes only read. */
export function createMonitor({
  checks,
  intervalMs,
  timeoutMs,
  history,
  clock,
  onResult,
  policy = strictPolicy,
}: MonitorDeps) {
  const stop = new AbortController();
  const maxAgeMs = namedWithinMs({ intervalMs, timeoutMs });
  const states = new Map<string, CheckState>(checks.map(({ name }) => [name, initialState(clock.now())]));
  const listeners = new Set<(snapshot: Snapshot) => void>();
  let phase: Phase = "starting";
  let startedUp = false;

  const judged = (): JudgedCheck[] =>
    checks.map(({ name, critical, startup = false }) => ({
      ...(states.get(name) ?? initialState(clock.now())),
      name,
      critical,
      startup,
    }));
  let current = takeSnapshot({ phase, startedUp, checks: judged() }, clock.now(), maxAgeMs);

  const publish = () => {
    const before = current;
    startedUp ||= hasStarted(judged());
    const at = clock.now();
    const ruling = (now: readonly JudgedCheck[]) => policy({ at, phase, checks: now });
    current = takeSnapshot({ phase, startedUp, checks: judged() }, at, maxAgeMs, before, ruling);
    if (before.status !== current.status) {
      const down = current.checks.find(({ critical, status }) => critical && status !== "up");
      history.add({
        at: current.at,
        kind: "verdict",
        name: "ready",
        from: before.status,
        to: current.status,
        reason: down?.reason ?? null,
      });
    }
    for (const listener of listeners) listener(current);
  };

  const take = (name: string, seen: Observation): CheckState => {
    const before = states.get(name) ?? initialState(clock.now());
    const after = applyObservation(before, seen, clock.now());
    states.set(name, after);
    if (before.status !== after.status) {
      history.add({
        at: after.since,
        kind: "check",
        name,
        from: before.status,
        to: after.status,
        reason: after.reason,
      });
    }
    onResult?.(name, seen, after.status);
    publish();
    return after;
  };

  const sleeping = new Set<() => void>();
  const wakeAll = () => {
    for (const wake of sleeping) wake();
  };
  const pause = async (ms: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    sleeping.add(resolve);
    await promise;
    sleeping.delete(resolve);
    clearTimeout(timer);
  };

  const loop = async (check: Check): Promise<void> => {
    while (!stop.signal.aborted) {
      const startedAt = performance.now();
      const seen = await runCheck(check, timeoutMs, stop.signal);
      if (stop.signal.aborted) return;
      const state = take(check.name, seen);
      if (needsConfirmation(state)) continue;
      if (isRecovering(state)) await pause(intervalMs);
      else await pause(Math.max(0, intervalMs * shareOfInterval(state) - (performance.now() - startedAt)));
    }
  };

  return {
    start(): void {
      for (const check of checks) void loop(check);
    },
    stop(): void {
      stop.abort();
      wakeAll();
    },
    /** Something has changed that the checks should see now and not an interval later. */
    checkNow: wakeAll,
    /** The policy has changed its mind. */
    judgeAgain: publish,
    /** The latest snapshot, or a fresh one in which silent checks are unknown where the latest is too old. */
    snapshot(): Snapshot {
      if (clock.now() > current.validUntil) publish();
      return current;
    },
    setPhase(to: Phase): void {
      history.add({ at: clock.now(), kind: "phase", name: "lifecycle", from: phase, to, reason: null });
      phase = to;
      publish();
    },
    onSnapshot(listener: (snapshot: Snapshot) => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/**
 * Instances that were started together drift apart. What is down is looked at a little more often: so its way back, which
 * takes a whole interval from the first success on, is over within two.
 */
const shareOfInterval = ({ status }: CheckState): number => (status === "down" ? 0.8 : 0.9) + Math.random() / 10;

export type Monitor = ReturnType<typeof createMonitor>;

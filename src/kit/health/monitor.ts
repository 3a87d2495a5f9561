import type { Phase } from "../lifecycle/phase.ts";
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
} from "./judge.ts";
import { type ReadinessPolicy, strictPolicy } from "./readiness-policy.ts";
import { runCheck } from "./run-check.ts";
import { type Snapshot, takeSnapshot } from "./snapshot.ts";

/** Called with every result of a check and the status that follows from it. */
export type OnResult = (name: string, observation: Observation, status: CheckStatus) => void;

export type MonitorDeps = {
  checks: readonly Check[];
  intervalMs: number;
  timeoutMs: number;
  history: Pick<History, "add">;
  /** Wall clock, in ms. */
  clock: { now(): number };
  onResult?: OnResult;
  policy?: ReadinessPolicy;
};

/** An outage is detected within this time, and a result that is older than this is stale. */
export const namedWithinMs = ({ intervalMs, timeoutMs }: { intervalMs: number; timeoutMs: number }): number =>
  intervalMs + 2 * timeoutMs + 500;

/** Runs each check in a loop of its own and keeps the snapshot that the probes read. */
export function createMonitor({
  checks: initialChecks,
  intervalMs,
  timeoutMs,
  history,
  clock,
  onResult,
  policy = strictPolicy,
}: MonitorDeps) {
  const stopping = new AbortController();
  const maxAgeMs = namedWithinMs({ intervalMs, timeoutMs });
  const checks = [...initialChecks];
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
  const initialSnapshot = () => takeSnapshot({ phase, startedUp, checks: judged() }, clock.now(), maxAgeMs);
  let current = initialSnapshot();

  const publish = () => {
    const before = current;
    startedUp ||= hasStarted(judged());
    const at = clock.now();
    const applyPolicy = (now: readonly JudgedCheck[]) => policy({ at, phase, checks: now });
    current = takeSnapshot({ phase, startedUp, checks: judged() }, at, maxAgeMs, before, applyPolicy);
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

  const record = (name: string, observation: Observation): CheckState => {
    const before = states.get(name) ?? initialState(clock.now());
    const after = applyObservation(before, observation, clock.now());
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
    onResult?.(name, observation, after.status);
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
    while (!stopping.signal.aborted) {
      const startedAt = performance.now();
      const observation = await runCheck(check, timeoutMs, stopping.signal);
      if (stopping.signal.aborted) return;
      const state = record(check.name, observation);
      if (needsConfirmation(state)) continue;
      if (isRecovering(state)) await pause(intervalMs);
      else await pause(Math.max(0, intervalMs * shareOfInterval(state) - (performance.now() - startedAt)));
    }
  };

  let started = false;
  return {
    /** Adds a check before the start. */
    addCheck(check: Check): void {
      if (started) throw new Error(`check "${check.name}" was added after the start`);
      if (states.has(check.name)) throw new Error(`there are two checks with the name "${check.name}"`);
      checks.push(check);
      states.set(check.name, initialState(clock.now()));
      current = initialSnapshot();
    },
    checkNames: (): readonly string[] => checks.map(({ name }) => name),
    start(): void {
      if (started) return;
      started = true;
      for (const check of checks) void loop(check);
      // Without checks there is no result that would publish the first verdict.
      if (checks.length === 0) publish();
    },
    stop(): void {
      stopping.abort();
      wakeAll();
    },
    /** Runs all checks now instead of after their interval. */
    checkNow: wakeAll,
    /** Evaluates the snapshot again after the policy has changed its decision. */
    reevaluate: publish,
    /** The latest snapshot; if it is stale, a new one in which checks without a recent result are unknown. */
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
 * Random, so that instances that started together do not check at the same moment. A check that is down runs a little
 * more often: its recovery takes one whole interval from the first success, and must be complete within two.
 */
const shareOfInterval = ({ status }: CheckState): number => (status === "down" ? 0.8 : 0.9) + Math.random() / 10;

export type Monitor = ReturnType<typeof createMonitor>;

import type { Reason } from "../../core/errors/failure-reason.ts";
import { guard } from "../guard-callback.ts";
import type { Phase } from "../lifecycle/phase.ts";
import { type Check, capabilitiesOf, type NamedCapability } from "./check.ts";
import type { History } from "./history.ts";
import {
  applyObservation,
  type CapabilityStatus,
  type CheckState,
  expireStale,
  goDownIfDue,
  hasStarted,
  initialState,
  isRecovering,
  type JudgedCapability,
  needsConfirmation,
  type Observation,
} from "./judge.ts";
import type { CapabilityOfCheck } from "./judge-check.ts";
import { isExemptions, noExemptions, type ReadinessPolicy, strictPolicy } from "./readiness-policy.ts";
import { runCheck } from "./run-check.ts";
import { createSleep } from "./sleep.ts";
import { type Snapshot, takeSnapshot } from "./snapshot.ts";
import { watchStalls } from "./stall-watch.ts";

/**
 * Called with every result of a capability and its new status. `name` is the name of the check, or `check:capability`.
 */
export type OnResult = (name: string, observation: Observation, status: CapabilityStatus) => void;

export type MonitorDeps = {
  checks: readonly Check[];
  intervalMs: number;
  timeoutMs: number;
  history: Pick<History, "add">;
  /** Wall clock, in ms. */
  clock: { now(): number };
  onResult?: OnResult;
  /** Called with the error of each failing run. */
  onError?: (name: string, error: unknown, reason: Reason) => void;
  /** Called when a capability has gone down. */
  onDown?: (name: string) => void;
  policy?: ReadinessPolicy;
};

/** Returns the time within which an outage is detected, and after which a result is stale. */
export const detectionTimeMs = ({ intervalMs, timeoutMs }: { intervalMs: number; timeoutMs: number }): number =>
  intervalMs + 2 * timeoutMs + 500;

/**
 * After a stall of this process every result is old. The checks get this much time to run before old results count as
 * stale.
 */
const staleGraceMs = 500;

/** Runs each capability of each check in a loop of its own, and keeps the snapshot that the probes read. */
export function createMonitor({
  checks: initialChecks,
  intervalMs,
  timeoutMs,
  history,
  clock,
  onResult,
  onError,
  onDown,
  policy = strictPolicy,
}: MonitorDeps) {
  const stopping = new AbortController();
  const maxAgeMs = detectionTimeMs({ intervalMs, timeoutMs });
  const watchedByName = new Map<string, WatchedCapability>();
  const listeners = new Set<(snapshot: Snapshot) => void>();
  let phase: Phase = "starting";
  let startedUp = false;

  const add = (check: Check): void => {
    for (const capability of capabilitiesOf(check)) {
      const { name } = capability;
      if (watchedByName.has(name)) throw new Error(`there are two checks with the name "${name}"`);
      watchedByName.set(name, { capability, state: initialState(clock.now()), sleep: createSleep(), startedAt: 0 });
    }
  };
  for (const check of initialChecks) add(check);

  const judged = (): CapabilityOfCheck[] =>
    [...watchedByName.values()].map(
      ({ state, capability: { name, check, capability, critical, startup = false } }) => ({
        ...state,
        name,
        check,
        capability,
        critical,
        startup,
      }),
    );
  const initialSnapshot = () => takeSnapshot({ phase, startedUp, capabilities: judged() }, clock.now(), maxAgeMs);
  let current = initialSnapshot();
  const stalls = watchStalls();

  const expireResults = () => {
    if (stalls.hasJustStalled(staleGraceMs)) return;
    for (const watched of watchedByName.values()) watched.state = expireStale(watched.state, clock.now(), maxAgeMs);
  };

  const publish = () => {
    expireResults();
    const before = current;
    const capabilities = judged();
    startedUp ||= hasStarted(capabilities);
    const at = clock.now();
    const applyPolicy = (checks: readonly JudgedCapability[]) => {
      const exemptions = guard("policy", () => policy({ at, phase, checks }));
      return isExemptions(exemptions) ? exemptions : noExemptions;
    };
    current = takeSnapshot({ phase, startedUp, capabilities }, at, maxAgeMs, before, applyPolicy);
    if (before.status !== current.status) {
      const isCause = ({ critical, status }: JudgedCapability) =>
        current.ready ? status === "down" : critical && status !== "up";
      history.add({
        at: current.at,
        kind: "verdict",
        name: "ready",
        from: before.status,
        to: current.status,
        reason: current.capabilities.find(isCause)?.reason ?? null,
      });
    }
    for (const listener of listeners) listener(current);
  };

  const othersOf = (watched: WatchedCapability): WatchedCapability[] =>
    [...watchedByName.values()].filter(
      (other) => other !== watched && other.capability.check === watched.capability.check,
    );

  const statesOf = (all: readonly WatchedCapability[]): CheckState[] => all.map(({ state }) => state);

  const changeState = (watched: WatchedCapability, after: CheckState): void => {
    const before = watched.state;
    watched.state = after;
    if (before.status === after.status) return;
    const { name } = watched.capability;
    history.add({
      at: after.since,
      kind: "check",
      name,
      from: before.status,
      to: after.status,
      reason: after.reason,
      ...(after.status === "down" && watched.lastCode !== undefined && { code: watched.lastCode }),
    });
    if (after.status === "down") onDown?.(name);
  };

  const record = (watched: WatchedCapability, observation: Observation): CheckState => {
    const now = clock.now();
    const others = othersOf(watched);
    watched.lastCode = observation.ok ? undefined : observation.code;
    changeState(watched, applyObservation(watched.state, observation, now, statesOf(others)));
    for (const other of others) changeState(other, goDownIfDue(other.state, now, statesOf(othersOf(other))));
    onResult?.(watched.capability.name, observation, watched.state.status);
    publish();
    return watched.state;
  };

  const wakeAll = () => {
    for (const { sleep } of watchedByName.values()) sleep.wake();
  };

  /** The capabilities of a dependency fail and recover together, so after a change the others are checked at once. */
  const checkOthersOf = (watched: WatchedCapability): void => {
    for (const { state, sleep } of othersOf(watched)) if (!isRecovering(state)) sleep.wake();
  };

  const loop = async (watched: WatchedCapability): Promise<void> => {
    while (!stopping.signal.aborted) {
      watched.startedAt = performance.now();
      watched.sleep.begin();
      const observation = await runCheck(watched.capability, timeoutMs, stopping.signal, (error, reason) =>
        onError?.(watched.capability.name, error, reason),
      );
      if (stopping.signal.aborted) return;
      const wasFailing = watched.state.consecutiveFailures > 0;
      const state = record(watched, observation);
      if (wasFailing !== state.consecutiveFailures > 0) checkOthersOf(watched);
      if (needsConfirmation(state)) continue;
      if (isRecovering(state)) await watched.sleep.until(performance.now() + intervalMs);
      else await watched.sleep.until(watched.startedAt + intervalMs * shareOfInterval(state));
    }
  };

  let started = false;
  return {
    /** Adds a check before the start. */
    addCheck(check: Check): void {
      if (started) throw new Error(`check "${check.name}" was added after the start`);
      add(check);
      current = initialSnapshot();
    },
    /**
     * Returns the names of all capabilities. A check without named capabilities has one, with the name of the check.
     */
    capabilityNames: (): readonly string[] => [...watchedByName.keys()],
    start(): void {
      if (started) return;
      started = true;
      for (const watched of watchedByName.values()) void loop(watched);
      // Without checks there is no result that would publish the first verdict.
      if (watchedByName.size === 0) publish();
    },
    stop(): void {
      stopping.abort();
      stalls.stop();
      wakeAll();
    },
    /** Runs all checks now instead of after their interval. */
    checkNow: wakeAll,
    /**
     * Checks all capabilities of a dependency soon, because a request to it failed. The checks decide whether it is down.
     * Many failures within an interval cause few checks.
     */
    checkSoon(name: string): void {
      const check = watchedByName.get(name)?.capability.check;
      for (const { capability, state, startedAt, sleep } of watchedByName.values()) {
        if (capability.check === check && state.status === "up")
          sleep.wakeAt(startedAt + intervalMs * minShareBetweenChecks);
      }
    },
    /** Evaluates the snapshot again after the policy has changed its decision. */
    reevaluate: publish,
    /**
     * Returns the latest snapshot. If it is stale, makes a new one, in which capabilities without a recent result are
     * unknown.
     */
    snapshot(): Snapshot {
      if (clock.now() > current.validUntil && !stalls.hasJustStalled(staleGraceMs)) publish();
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

const minShareBetweenChecks = 0.25;

type WatchedCapability = {
  readonly capability: NamedCapability;
  readonly sleep: ReturnType<typeof createSleep>;
  state: CheckState;
  /** The error code of the latest result. */
  lastCode?: string | undefined;
  startedAt: number;
};

/**
 * Random, so that instances that started together do not check at the same moment. A check that is down runs a little
 * more often. Its recovery takes one whole interval after the first success, and must be complete within two intervals
 * after the dependency works again.
 */
const shareOfInterval = ({ status }: CheckState): number => (status === "down" ? 0.8 : 0.9) + Math.random() / 10;

export type Monitor = ReturnType<typeof createMonitor>;

import { type StallTolerantTimeout, startTimeout } from "../core/stall-tolerant-timeout.ts";
import type { JudgedCapability } from "../kit/health/judge.ts";
import type { ReadinessPolicy } from "../kit/health/readiness-policy.ts";
import {
  applyDeadline,
  applyVote,
  countPeers,
  type Decision,
  type DecisionState,
  keepsInRotation,
  type PeerCounts,
  type PeerReport,
  tally,
} from "./outlier-vote.ts";

export type PolicyDeps = {
  clock: { now(): number };
  intervalMs: number;
  /** The time after the last success of a check within which the instance must have left the rotation. */
  boundMs: number;
  /** Checks of dependencies that all instances share. Other checks concern one instance only, and are not voted on. */
  shared: ReadonlySet<string>;
  onDecision(record: DecisionRecord): void;
};

export type DecisionRecord = { check: string; decision: Decision; counted: PeerCounts | undefined };

/** The last reading of the fleet. `of` is undefined when no store answered. */
export type PeerReports = { readAt: number; of: ((check: string) => readonly PeerReport[]) | undefined };

type OpenDecision = { state: DecisionState; check: JudgedCapability; timer: StallTolerantTimeout };

const minUndecidedMs = 250;

/** READY_POLICY=outlier: one decision for each check that is critical, shared and down, until it is up again. */
export function createOutlierPolicy({ clock, intervalMs, boundMs, shared, onDecision }: PolicyDeps) {
  const listeners: (() => void)[] = [];
  const notifyListeners = () => {
    for (const listener of listeners) listener();
  };
  const openByCheck = new Map<string, OpenDecision>();

  /** Returns whether the decision changed. */
  const setState = (name: string, open: OpenDecision, next: DecisionState, counted?: PeerCounts): boolean => {
    const before = open.state;
    open.state = next;
    if (next.kind === "asking" || (before.kind === "decided" && before.decision === next.decision)) return false;
    open.timer.cancel();
    onDecision({ check: name, decision: next.decision, counted });
    return true;
  };

  const start = (check: JudgedCapability, at: number): void => {
    const until = Math.max((check.lastSuccessAt ?? at) + boundMs, at + minUndecidedMs);
    const timer = startTimeout(until - at, () => {
      const open = openByCheck.get(check.name);
      if (open === undefined) return;
      if (setState(check.name, open, applyDeadline(open.state, Number.POSITIVE_INFINITY))) notifyListeners();
    });
    openByCheck.set(check.name, { state: { kind: "asking", until }, check, timer });
  };

  const end = (name: string): void => {
    openByCheck.get(name)?.timer.cancel();
    openByCheck.delete(name);
  };

  const policy: ReadinessPolicy = ({ at, phase, checks }) => {
    // While the instance starts or drains, that phase alone decides, and no vote is needed.
    const failing = phase === "ready" ? checks.filter((check) => check.critical && check.status === "down") : [];
    const votedOn = failing.filter(({ name }) => shared.has(name));
    for (const name of openByCheck.keys()) if (!votedOn.some((check) => check.name === name)) end(name);
    for (const check of votedOn) {
      const open = openByCheck.get(check.name);
      if (open === undefined) start(check, at);
      else open.check = check;
    }
    const namesWhere = (matches: (state: DecisionState) => boolean) =>
      [...openByCheck].filter(([, { state }]) => matches(state)).map(([name]) => name);
    return {
      exempted: namesWhere(keepsInRotation),
      shared: namesWhere((state) => state.kind === "decided" && state.decision === "shared_outage"),
    };
  };

  return {
    policy,
    /** Calls back when a decision is made or changes. */
    onChange: (listener: () => void): void => void listeners.push(listener),
    decisions: (): Readonly<Record<string, Decision | "asking">> =>
      Object.fromEntries(
        [...openByCheck].map(([name, { state }]) => [name, state.kind === "asking" ? "asking" : state.decision]),
      ),
    /** The earliest deadline of the undecided checks. */
    undecidedUntil(): number | undefined {
      const deadlines = [...openByCheck.values()].flatMap(({ state }) =>
        state.kind === "asking" ? [state.until] : [],
      );
      return deadlines.length === 0 ? undefined : Math.min(...deadlines);
    },
    onPeerReports({ readAt, of }: PeerReports): void {
      let changed = false;
      for (const [name, open] of openByCheck) {
        const { consecutiveFailures, failingSince } = open.check;
        // The check succeeds here again: until it counts as up, the decision stays.
        if (consecutiveFailures === 0 || failingSince === null) continue;
        const counted = of && countPeers(of(name), readAt - failingSince);
        const vote = counted === undefined ? "silence" : tally(counted);
        const next = applyVote(open.state, { vote, at: clock.now() }, intervalMs);
        changed = setState(name, open, next, counted) || changed;
      }
      if (changed) notifyListeners();
    },
    stop(): void {
      for (const name of [...openByCheck.keys()]) end(name);
    },
  };
}

export type OutlierPolicy = ReturnType<typeof createOutlierPolicy>;

import { type StallTolerantTimeout, startTimeout } from "../../core/timing/stall-tolerant-timeout.ts";
import type { JudgedCapability } from "../health/judge.ts";
import type { ReadinessPolicy } from "../health/readiness-policy.ts";
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
  /** A decision about a failing check is made within this time after the last success of the check. */
  decisionLimitMs: number;
  /** The names of the checks of dependencies that all instances share. The instances vote on these checks only. */
  shared: ReadonlySet<string>;
  onDecision(record: DecisionRecord): void;
};

/**
 * A decision of the outlier policy about a critical check that is down.
 * @example const onDecision = ({ check, decision }: DecisionRecord) => log.warn({ check, decision });
 */
export type DecisionRecord = {
  /** The name of the check. */
  check: string;
  /** "shared_outage" keeps the instance in rotation; "outlier" and "unsure" do not. */
  decision: Decision;
  /** The instances that the decision counted; undefined if no store answered. */
  counted: PeerCounts | undefined;
};

/** The latest reports of the other instances. `reportsOn` is undefined if no store answered. */
export type PeerReports = { readAt: number; reportsOn: ((check: string) => readonly PeerReport[]) | undefined };

type OpenDecision = { state: DecisionState; check: JudgedCapability; timer: StallTolerantTimeout };

const minUndecidedMs = 250;

/** Implements READY_POLICY=outlier: makes one decision for each check that is critical, shared and down. */
export function createOutlierPolicy({ clock, intervalMs, decisionLimitMs, shared, onDecision }: PolicyDeps) {
  const listeners: (() => void)[] = [];
  const notifyListeners = () => {
    for (const listener of listeners) listener();
  };
  const openByCheck = new Map<string, OpenDecision>();

  /** Returns whether the decision changed. */
  const setState = (name: string, open: OpenDecision, next: DecisionState, counted?: PeerCounts): boolean => {
    const before = open.state;
    open.state = next;
    if (next.kind === "undecided" || (before.kind === "decided" && before.decision === next.decision)) return false;
    open.timer.cancel();
    onDecision({ check: name, decision: next.decision, counted });
    return true;
  };

  const openDecision = (check: JudgedCapability, at: number): void => {
    const deadline = Math.max((check.lastSuccessAt ?? at) + decisionLimitMs, at + minUndecidedMs);
    const timer = startTimeout(deadline - at, () => {
      const open = openByCheck.get(check.name);
      if (open === undefined) return;
      if (setState(check.name, open, applyDeadline(open.state, Number.POSITIVE_INFINITY))) notifyListeners();
    });
    openByCheck.set(check.name, { state: { kind: "undecided", deadline }, check, timer });
  };

  const closeDecision = (name: string): void => {
    openByCheck.get(name)?.timer.cancel();
    openByCheck.delete(name);
  };

  const policy: ReadinessPolicy = ({ at, phase, checks }) => {
    // A starting or draining instance is out of rotation whatever its checks report, so no vote is needed.
    const failing = phase === "ready" ? checks.filter((check) => check.critical && check.status === "down") : [];
    const votedOn = failing.filter(({ name }) => shared.has(name));
    for (const name of openByCheck.keys()) if (!votedOn.some((check) => check.name === name)) closeDecision(name);
    for (const check of votedOn) {
      const open = openByCheck.get(check.name);
      if (open === undefined) openDecision(check, at);
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
    /** Calls the listener when a decision is made or changes. */
    onChange: (listener: () => void): void => void listeners.push(listener),
    /** Returns the decisions as `/api/v1/instances` publishes them: an undecided one is called "asking" there. */
    decisions: (): Readonly<Record<string, Decision | "asking">> =>
      Object.fromEntries(
        [...openByCheck].map(([name, { state }]) => [name, state.kind === "undecided" ? "asking" : state.decision]),
      ),
    /** Returns the earliest deadline of the undecided checks. */
    undecidedUntil(): number | undefined {
      const deadlines = [...openByCheck.values()].flatMap(({ state }) =>
        state.kind === "undecided" ? [state.deadline] : [],
      );
      return deadlines.length === 0 ? undefined : Math.min(...deadlines);
    },
    onPeerReports({ readAt, reportsOn }: PeerReports): void {
      let changed = false;
      for (const [name, open] of openByCheck) {
        const { consecutiveFailures, failingSince } = open.check;
        // The latest run of the check succeeded. The decision stays until the check is up.
        if (consecutiveFailures === 0 || failingSince === null) continue;
        const counted = reportsOn && countPeers(reportsOn(name), readAt - failingSince);
        const vote = counted === undefined ? "no_answer" : tally(counted);
        const next = applyVote(open.state, { vote, at: clock.now() }, intervalMs);
        changed = setState(name, open, next, counted) || changed;
      }
      if (changed) notifyListeners();
    },
    stop(): void {
      for (const name of [...openByCheck.keys()]) closeDecision(name);
    },
  };
}

export type OutlierPolicy = ReturnType<typeof createOutlierPolicy>;

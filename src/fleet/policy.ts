import type { JudgedCheck } from "../kit/health/judge.ts";
import type { ReadinessPolicy } from "../kit/health/readiness-policy.ts";
import {
  applyVote,
  type Count,
  count,
  type Decision,
  type DecisionState,
  keepsInRotation,
  type PeerReport,
  tally,
  timeIsUp,
} from "./outlier-vote.ts";

export type PolicyDeps = {
  clock: { now(): number };
  intervalMs: number;
  /** Within this time of its last success a lost dependency has to have its consequence. */
  boundMs: number;
  /** Checks of what all instances share; the rest is an instance's own affair. */
  shared: ReadonlySet<string>;
  onDecision(decided: Decided): void;
};

export type Decided = { check: string; decision: Decision; counted: Count | undefined };

/** What the last look gave: what the others say of a check, or that no store answered. */
export type PeerReports = { askedAt: number; of: ((check: string) => readonly PeerReport[]) | undefined };

type Open = { inquiry: DecisionState; check: JudgedCheck; timer: NodeJS.Timeout };

const leastWaitMs = 250;

/** READY_POLICY=outlier: an inquiry for each check that is critical, shared and down, from then until it is up again. */
export function createOutlierPolicy({ clock, intervalMs, boundMs, shared, onDecision }: PolicyDeps) {
  const listeners: (() => void)[] = [];
  const tellOfChange = () => {
    for (const listener of listeners) listener();
  };
  const open = new Map<string, Open>();

  const settle = (name: string, one: Open, next: DecisionState, counted?: Count): boolean => {
    const before = one.inquiry;
    one.inquiry = next;
    if (next.kind === "asking" || (before.kind === "decided" && before.decision === next.decision)) return false;
    clearTimeout(one.timer);
    onDecision({ check: name, decision: next.decision, counted });
    return true;
  };

  const start = (check: JudgedCheck, at: number): void => {
    const until = Math.max((check.lastSuccessAt ?? at) + boundMs, at + leastWaitMs);
    const timer = setTimeout(() => {
      const one = open.get(check.name);
      if (one !== undefined && settle(check.name, one, timeIsUp(one.inquiry, Number.POSITIVE_INFINITY))) tellOfChange();
    }, until - at);
    open.set(check.name, { inquiry: { kind: "asking", until }, check, timer });
  };

  const end = (name: string): void => {
    clearTimeout(open.get(name)?.timer);
    open.delete(name);
  };

  const policy: ReadinessPolicy = ({ at, phase, checks }) => {
    // A start and a drain are never overruled, so there is nothing to ask.
    const failing = phase === "ready" ? checks.filter((check) => check.critical && check.status === "down") : [];
    const asked = failing.filter(({ name }) => shared.has(name));
    for (const name of open.keys()) if (!asked.some((check) => check.name === name)) end(name);
    for (const check of asked) {
      const known = open.get(check.name);
      if (known === undefined) start(check, at);
      else known.check = check;
    }
    const those = (which: (inquiry: DecisionState) => boolean) =>
      [...open].filter(([, { inquiry }]) => which(inquiry)).map(([name]) => name);
    return {
      exempted: those(keepsInRotation),
      shared: those((inquiry) => inquiry.kind === "decided" && inquiry.decision === "shared_outage"),
    };
  };

  return {
    policy,
    /** What is decided is no longer what it was. */
    onChange: (listener: () => void): void => void listeners.push(listener),
    decisions: (): Readonly<Record<string, Decision | "asking">> =>
      Object.fromEntries(
        [...open].map(([name, { inquiry }]) => [name, inquiry.kind === "asking" ? "asking" : inquiry.decision]),
      ),
    /** Until when something is undecided. */
    askingUntil(): number | undefined {
      const ends = [...open.values()].flatMap(({ inquiry }) => (inquiry.kind === "asking" ? [inquiry.until] : []));
      return ends.length === 0 ? undefined : Math.min(...ends);
    },
    hear({ askedAt, of }: PeerReports): void {
      let changed = false;
      for (const [name, one] of open) {
        const { consecutiveFailures, failingSince } = one.check;
        // It answers here again: until it is up, what was decided holds.
        if (consecutiveFailures === 0 || failingSince === null) continue;
        const counted = of && count(of(name), askedAt - failingSince);
        const leaning = counted === undefined ? "silence" : tally(counted);
        changed =
          settle(name, one, applyVote(one.inquiry, { leaning, at: clock.now() }, intervalMs), counted) || changed;
      }
      if (changed) tellOfChange();
    },
    stop(): void {
      for (const name of [...open.keys()]) end(name);
    },
  };
}

export type OutlierPolicy = ReturnType<typeof createOutlierPolicy>;

import { isReady, type JudgedCheck, type Phase, type ReadyStatus, readiness, withoutStale } from "./judge.ts";
import { noPardons, type Pardons } from "./readiness-policy.ts";

/** What the instance believes of itself at one moment; never changed, only replaced. */
export type Snapshot = {
  readonly at: number;
  readonly phase: Phase;
  readonly status: ReadyStatus;
  /** Since when the status is what it is. */
  readonly since: number;
  readonly ready: boolean;
  readonly startedUp: boolean;
  readonly checks: readonly JudgedCheck[];
  readonly pardons: Pardons;
  /** From here on this snapshot no longer counts. */
  readonly validUntil: number;
};

export type Beliefs = { phase: Phase; startedUp: boolean; checks: readonly JudgedCheck[] };

export type Ruling = (checks: readonly JudgedCheck[]) => Pardons;

export function takeSnapshot(
  { phase, startedUp, checks }: Beliefs,
  now: number,
  maxAgeMs: number,
  before?: Pick<Snapshot, "status" | "since">,
  ruling: Ruling = () => noPardons,
): Snapshot {
  const current = checks.map((check) => ({ ...check, ...withoutStale(check, now, maxAgeMs) }));
  const pardons = ruling(current);
  const status = readiness(phase, current, pardons.pardoned);
  const heard = current.filter((check) => check.status !== "unknown").map(lastHeard);
  return Object.freeze({
    at: now,
    phase,
    status,
    since: before?.status === status ? before.since : now,
    ready: isReady(status),
    startedUp,
    checks: Object.freeze(current),
    pardons,
    validUntil: heard.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...heard) + maxAgeMs,
  });
}

const lastHeard = (check: JudgedCheck): number => Math.max(check.lastSuccessAt ?? 0, check.lastFailureAt ?? 0);

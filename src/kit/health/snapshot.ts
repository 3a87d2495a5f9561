import { expireStale, isReady, type JudgedCheck, type Phase, type ReadyStatus, readiness } from "./judge.ts";
import { type Exemptions, noExemptions } from "./readiness-policy.ts";

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
  readonly exemptions: Exemptions;
  /** From here on this snapshot no longer counts. */
  readonly validUntil: number;
};

export type EvaluatedState = { phase: Phase; startedUp: boolean; checks: readonly JudgedCheck[] };

export type ApplyPolicy = (checks: readonly JudgedCheck[]) => Exemptions;

export function takeSnapshot(
  { phase, startedUp, checks }: EvaluatedState,
  now: number,
  maxAgeMs: number,
  before?: Pick<Snapshot, "status" | "since">,
  applyPolicy: ApplyPolicy = () => noExemptions,
): Snapshot {
  const current = checks.map((check) => ({ ...check, ...expireStale(check, now, maxAgeMs) }));
  const exemptions = applyPolicy(current);
  const status = readiness(phase, current, exemptions.exempted);
  const heard = current.filter((check) => check.status !== "unknown").map(lastHeard);
  return Object.freeze({
    at: now,
    phase,
    status,
    since: before?.status === status ? before.since : now,
    ready: isReady(status),
    startedUp,
    checks: Object.freeze(current),
    exemptions,
    validUntil: heard.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...heard) + maxAgeMs,
  });
}

const lastHeard = (check: JudgedCheck): number => Math.max(check.lastSuccessAt ?? 0, check.lastFailureAt ?? 0);

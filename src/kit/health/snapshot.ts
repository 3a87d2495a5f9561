import type { Phase } from "../lifecycle/phase.ts";
import { expireStale, isReady, type JudgedCheck, type ReadyStatus, readiness } from "./judge.ts";
import { type Exemptions, noExemptions } from "./readiness-policy.ts";

/** The last evaluated state of all checks. Immutable: a new evaluation replaces it. */
export type Snapshot = {
  readonly at: number;
  readonly phase: Phase;
  readonly status: ReadyStatus;
  /** When the status last changed. */
  readonly since: number;
  readonly ready: boolean;
  readonly startedUp: boolean;
  readonly checks: readonly JudgedCheck[];
  readonly exemptions: Exemptions;
  /** After this time the snapshot is stale. */
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
  const resultTimes = current.filter((check) => check.status !== "unknown").map(lastResultAt);
  return Object.freeze({
    at: now,
    phase,
    status,
    since: before?.status === status ? before.since : now,
    ready: isReady(status),
    startedUp,
    checks: Object.freeze(current),
    exemptions,
    validUntil: resultTimes.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...resultTimes) + maxAgeMs,
  });
}

const lastResultAt = (check: JudgedCheck): number => Math.max(check.lastSuccessAt ?? 0, check.lastFailureAt ?? 0);

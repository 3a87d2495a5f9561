import type { Phase } from "../lifecycle/phase.ts";
import { isReady, type JudgedCapability, type ReadyStatus, readiness } from "./judge.ts";
import { type CapabilityOfCheck, type JudgedCheck, judgeChecks } from "./judge-check.ts";
import { type Exemptions, noExemptions } from "./readiness-policy.ts";

/**
 * The last evaluated state of all checks. Immutable: a new evaluation replaces it.
 * @example const { ready, checks }: Snapshot = health.snapshot();
 */
export type Snapshot = {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The phase of the process. */
  readonly phase: Phase;
  /** The verdict. */
  readonly status: ReadyStatus;
  /** When the status last changed. */
  readonly since: number;
  /** Whether `/ready` is 200. */
  readonly ready: boolean;
  /** Whether all checks that the start needs have passed once. */
  readonly startedUp: boolean;
  /** The checks, each judged from its capabilities. */
  readonly checks: readonly JudgedCheck[];
  /** The capabilities of all checks. */
  readonly capabilities: readonly CapabilityOfCheck[];
  /** What the policy decided. */
  readonly exemptions: Exemptions;
  /** When the oldest result of a capability becomes stale. */
  readonly validUntil: number;
};

export type EvaluatedState = { phase: Phase; startedUp: boolean; capabilities: readonly CapabilityOfCheck[] };

export type ApplyPolicy = (capabilities: readonly JudgedCapability[]) => Exemptions;

export function takeSnapshot(
  { phase, startedUp, capabilities }: EvaluatedState,
  now: number,
  maxAgeMs: number,
  before?: Pick<Snapshot, "status" | "since">,
  applyPolicy: ApplyPolicy = () => noExemptions,
): Snapshot {
  const exemptions = applyPolicy(capabilities);
  const status = readiness(phase, capabilities, exemptions.exempted);
  const resultTimes = capabilities.filter((one) => one.status !== "unknown").map(lastResultAt);
  return Object.freeze({
    at: now,
    phase,
    status,
    since: before?.status === status ? before.since : now,
    ready: isReady(status),
    startedUp,
    checks: Object.freeze(judgeChecks(capabilities)),
    capabilities: Object.freeze(capabilities),
    exemptions,
    validUntil: resultTimes.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...resultTimes) + maxAgeMs,
  });
}

const lastResultAt = (capability: JudgedCapability): number =>
  Math.max(capability.lastSuccessAt ?? 0, capability.lastFailureAt ?? 0);

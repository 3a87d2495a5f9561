import type { Phase } from "../lifecycle/phase.ts";
import type { JudgedCapability } from "./judge.ts";

/** Names of critical capabilities that are down but do not take the instance out of rotation. */
export type Exemptions = {
  readonly exempted: readonly string[];
  /** The exempted checks that fail on most of the fleet. */
  readonly shared: readonly string[];
};

export const noExemptions: Exemptions = Object.freeze({ exempted: Object.freeze([]), shared: Object.freeze([]) });

/** Returns false for a malformed result, as a policy in plain JavaScript may return. */
export const isExemptions = (result: Exemptions | undefined): result is Exemptions =>
  Array.isArray(result?.exempted) && Array.isArray(result.shared);

/**
 * Called with all capabilities for every new snapshot, so it must return at once, without I/O.
 * @example
 * const policy: ReadinessPolicy = ({ checks }) => {
 *   const exempted = checks.filter(({ name }) => name === "reports").map(({ name }) => name);
 *   return { exempted, shared: [] };
 * };
 */
export type ReadinessPolicy = (now: { at: number; phase: Phase; checks: readonly JudgedCapability[] }) => Exemptions;

/** Exempts no check: every critical check that is down takes the instance out of rotation. */
export const strictPolicy: ReadinessPolicy = () => noExemptions;

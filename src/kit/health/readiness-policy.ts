import type { JudgedCheck, Phase } from "./judge.ts";

/** Checks that are critical and down, and yet do not take the instance out of rotation. */
export type Exemptions = {
  readonly exempted: readonly string[];
  /** Those of them that are known to fail for most of the fleet. */
  readonly shared: readonly string[];
};

export const noExemptions: Exemptions = Object.freeze({ exempted: Object.freeze([]), shared: Object.freeze([]) });

/** Asked at every new judgement, so it answers at once, from what it knows. */
export type ReadinessPolicy = (now: { at: number; phase: Phase; checks: readonly JudgedCheck[] }) => Exemptions;

/** A failing critical check is not ready, whatever others see. */
export const strictPolicy: ReadinessPolicy = () => noExemptions;

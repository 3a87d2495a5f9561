import type { ConfigNumber } from "../config-values.ts";
import type { FailureDetection } from "../facts.ts";

/** When an ALB knows that an instance is not ready: interval · unhealthy + timeout. */
export function albFailureDetection(
  interval: ConfigNumber | undefined,
  unhealthy: ConfigNumber | undefined,
  timeout: ConfigNumber | undefined,
  severity: FailureDetection["severity"],
): FailureDetection | undefined {
  if (interval === undefined || unhealthy === undefined || timeout === undefined) return undefined;
  const durationMs = interval.value * unhealthy.value + timeout.value;
  const formula = `interval · unhealthy + timeout = ${interval.value / 1000} · ${unhealthy.value} + ${timeout.value / 1000} s`;
  return { formula, durationMs, numbers: [interval, unhealthy, timeout], severity };
}

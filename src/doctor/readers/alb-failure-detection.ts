import type { ConfigNumber } from "../facts/config-values.ts";
import type { FailureDetection } from "../facts/load-balancer.ts";

/** An ALB marks a target as unhealthy after interval · unhealthy threshold + timeout. */
export function albFailureDetection(
  interval: ConfigNumber | undefined,
  unhealthy: ConfigNumber | undefined,
  timeout: ConfigNumber | undefined,
  severity: FailureDetection["severity"],
): FailureDetection | undefined {
  if (interval === undefined || unhealthy === undefined || timeout === undefined) return undefined;
  const durationMs = interval.value * unhealthy.value + timeout.value;
  const formula = `interval · unhealthy threshold + timeout = ${interval.value / 1000} · ${unhealthy.value} + ${timeout.value / 1000} s`;
  return { formula, durationMs, numbers: [interval, unhealthy, timeout], severity };
}

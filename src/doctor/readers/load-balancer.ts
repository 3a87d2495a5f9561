import type { Notice, Told } from "../facts.ts";

/** When an ALB knows that an instance is not ready: interval · unhealthy + timeout. */
export function albNotice(
  interval: Told | undefined,
  unhealthy: Told | undefined,
  timeout: Told | undefined,
  severity: Notice["severity"],
): Notice | undefined {
  if (interval === undefined || unhealthy === undefined || timeout === undefined) return undefined;
  const after = interval.value * unhealthy.value + timeout.value;
  const words = `interval · unhealthy + timeout = ${interval.value / 1000} · ${unhealthy.value} + ${timeout.value / 1000} s`;
  return { words, after, numbers: [interval, unhealthy, timeout], severity };
}

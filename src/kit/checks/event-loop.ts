import { monitorEventLoopDelay } from "node:perf_hooks";
import { CheckFailed } from "../../core/failure-reason.ts";
import type { Check } from "../health/check.ts";
import { type CheckOptions, weightOf } from "./check-options.ts";

export type EventLoopCheckOptions = CheckOptions & {
  /** Mean delay since the previous run above which the check fails; 100 unless set. */
  maxDelayMs?: number;
  /** For an app with its own measurement, instead of `maxDelayMs`. */
  isSaturated?: () => boolean;
};

/**
 * Fails while the event loop is saturated. Not critical unless set: load moves to instances that are as busy.
 * @example createHealth({ service: "orders", checks: [eventLoopCheck({ maxDelayMs: 200 })] });
 */
export function eventLoopCheck(options: EventLoopCheckOptions = {}): Check {
  const { name = "event-loop", critical = false, maxDelayMs = 100 } = options;
  const { isSaturated = meanDelayAbove(maxDelayMs) } = options;
  return {
    name,
    ...weightOf({ ...options, critical }),
    async run() {
      if (isSaturated()) throw new CheckFailed("over_limit");
    },
  };
}

const resolutionMs = 10;

/** Each call covers the time since the call before, so that earlier idle time cannot hide a blocked loop. */
function meanDelayAbove(maxDelayMs: number): () => boolean {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  return () => {
    const meanMs = histogram.count > 0 ? histogram.mean / 1e6 - resolutionMs : 0;
    histogram.reset();
    return meanMs > maxDelayMs;
  };
}

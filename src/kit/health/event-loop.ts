import { monitorEventLoopDelay, performance } from "node:perf_hooks";

export type EventLoopFacts = { delayMs: number; utilization: number };

const everyMs = 250;
const resolutionMs = 10;

/** Samples the event loop. Each sample covers only the time since the one before, so that idle hours cannot hide a jam. */
export function measureEventLoop(onSample?: (sample: EventLoopFacts) => void) {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  let before = performance.eventLoopUtilization();
  let sampledAt = performance.now();
  let latest: EventLoopFacts = { delayMs: 0, utilization: 0 };

  const sample = () => {
    const now = performance.eventLoopUtilization();
    const mean = histogram.count > 0 ? histogram.mean / 1e6 - resolutionMs : 0;
    // A block that is longer than the sampling interval is not in the histogram, but it delays this sample.
    const late = performance.now() - sampledAt - everyMs;
    sampledAt = performance.now();
    latest = {
      delayMs: Math.max(0, mean, late),
      utilization: performance.eventLoopUtilization(now, before).utilization,
    };
    before = now;
    histogram.reset();
    onSample?.(latest);
  };
  const timer = setInterval(sample, everyMs);
  timer.unref();

  return {
    latest: (): EventLoopFacts => latest,
    stop(): void {
      clearInterval(timer);
      histogram.disable();
    },
  };
}

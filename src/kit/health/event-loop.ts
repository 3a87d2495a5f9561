import { monitorEventLoopDelay, performance } from "node:perf_hooks";

export type EventLoopFacts = {
  /** Mean of the latest sample. */
  delayMs: number;
  /** The longest single delay of the last ten seconds. */
  longestDelayMs: number;
  utilization: number;
};

/**
 * `sustainedDelayMs` is `delayMs` without the longest single delay, so that one stall does not count as lasting load.
 */
export type EventLoopSample = EventLoopFacts & { sustainedDelayMs: number };

const everyMs = 250;
const resolutionMs = 10;
const longestOfSamples = 40;

/** Samples the event loop. Each sample covers only the time since the previous one, so that idle time hides no delay. */
export function measureEventLoop(onSample?: (sample: EventLoopSample) => void) {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  let before = performance.eventLoopUtilization();
  let sampledAt = performance.now();
  let latest: EventLoopFacts = { delayMs: 0, longestDelayMs: 0, utilization: 0 };
  const longest: number[] = [];

  const sample = () => {
    const now = performance.eventLoopUtilization();
    const { count } = histogram;
    const mean = count > 0 ? histogram.mean / 1e6 - resolutionMs : 0;
    const max = count > 0 ? histogram.max / 1e6 - resolutionMs : 0;
    const meanWithoutMax = count > 1 ? (mean * count - max) / (count - 1) : mean;
    // A block that is longer than the sampling interval is not in the histogram, but it delays this sample.
    const late = performance.now() - sampledAt - everyMs;
    sampledAt = performance.now();
    longest.push(Math.max(0, max, late));
    if (longest.length > longestOfSamples) longest.shift();
    latest = {
      delayMs: Math.max(0, mean, late),
      longestDelayMs: Math.max(...longest),
      utilization: performance.eventLoopUtilization(now, before).utilization,
    };
    before = now;
    histogram.reset();
    onSample?.({ ...latest, sustainedDelayMs: Math.max(0, meanWithoutMax, late) });
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

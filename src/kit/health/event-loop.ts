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

const sampleEveryMs = 250;
const resolutionMs = 10;
const samplesInTenSeconds = 40;

/** Samples the event loop. Each sample covers only the time since the previous one, so that idle time hides no delay. */
export function measureEventLoop(onSample?: (sample: EventLoopSample) => void) {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  let previous = performance.eventLoopUtilization();
  let sampledAt = performance.now();
  let latest: EventLoopFacts = { delayMs: 0, longestDelayMs: 0, utilization: 0 };
  const longestDelaysMs: number[] = [];

  const sample = () => {
    const now = performance.eventLoopUtilization();
    const { count } = histogram;
    const mean = count > 0 ? histogram.mean / 1e6 - resolutionMs : 0;
    const max = count > 0 ? histogram.max / 1e6 - resolutionMs : 0;
    const meanWithoutMax = count > 1 ? (mean * count - max) / (count - 1) : mean;
    // The histogram misses a stall that is longer than the sampling interval, but such a stall delays this sample.
    const lateByMs = performance.now() - sampledAt - sampleEveryMs;
    sampledAt = performance.now();
    longestDelaysMs.push(Math.max(0, max, lateByMs));
    if (longestDelaysMs.length > samplesInTenSeconds) longestDelaysMs.shift();
    latest = {
      delayMs: Math.max(0, mean, lateByMs),
      longestDelayMs: Math.max(...longestDelaysMs),
      utilization: performance.eventLoopUtilization(now, previous).utilization,
    };
    previous = now;
    histogram.reset();
    onSample?.({ ...latest, sustainedDelayMs: Math.max(0, meanWithoutMax, lateByMs) });
  };
  const timer = setInterval(sample, sampleEveryMs);
  timer.unref();

  return {
    latest: (): EventLoopFacts => latest,
    stop(): void {
      clearInterval(timer);
      histogram.disable();
    },
  };
}

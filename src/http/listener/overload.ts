import { monitorEventLoopDelay, performance } from "node:perf_hooks";

export type LoopSample = { delayMs: number; utilization: number };

const sampleIntervalMs = 250;
const resolutionMs = 10;
const minShare = 0.05;

export type Admission = { share: number; saturatedSamples: number };

/**
 * The share of requests to admit. It is halved with every sample while the event loop is saturated, so that the server
 * reacts to a flood within a second, and grows in small steps afterwards. A single saturated sample changes nothing.
 */
export function nextAdmission({ share, saturatedSamples }: Admission, loop: LoopSample, limitMs: number): Admission {
  const saturated = loop.delayMs > limitMs && loop.utilization > 0.9;
  if (!saturated) return { share: Math.min(1, share + 0.1), saturatedSamples: 0 };
  if (saturatedSamples === 0 && share === 1) return { share, saturatedSamples: 1 };
  return { share: Math.max(minShare, share / 2), saturatedSamples: saturatedSamples + 1 };
}

/** Each sample covers only the time since the previous one, so that a long idle time cannot hide a saturated loop. */
export function watchEventLoop(limitMs: number) {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  let previousUtilization = performance.eventLoopUtilization();
  let admission: Admission = { share: 1, saturatedSamples: 0 };
  let credit = 0;
  let shed = 0;
  let sampledAt = performance.now();
  let latest: LoopSample = { delayMs: 0, utilization: 0 };

  const sample = () => {
    const now = performance.eventLoopUtilization();
    const mean = histogram.count > 0 ? histogram.mean / 1e6 - resolutionMs : 0;
    // A loop iteration longer than the sample interval is missing in the histogram, but delays this sample.
    const late = performance.now() - sampledAt - sampleIntervalMs;
    sampledAt = performance.now();
    latest = {
      delayMs: Math.max(0, mean, late),
      utilization: performance.eventLoopUtilization(now, previousUtilization).utilization,
    };
    previousUtilization = now;
    histogram.reset();
    if (limitMs > 0) admission = nextAdmission(admission, latest, limitMs);
  };
  const timer = setInterval(sample, sampleIntervalMs);
  timer.unref();

  return {
    admits(): boolean {
      if (admission.share === 1) return true;
      credit += admission.share;
      if (credit >= 1) {
        credit -= 1;
        return true;
      }
      shed += 1;
      return false;
    },
    latest: (): LoopSample => latest,
    isShedding: (): boolean => admission.share < 1,
    shedCount: (): number => shed,
    stop() {
      clearInterval(timer);
      histogram.disable();
    },
  };
}

export type EventLoopWatch = ReturnType<typeof watchEventLoop>;

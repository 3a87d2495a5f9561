import { monitorEventLoopDelay, performance } from "node:perf_hooks";

export type LoopSample = { delayMs: number; utilization: number };

const everyMs = 250;
const resolutionMs = 10;
const smallestShare = 0.05;

export type Admission = { share: number; saturatedSamples: number };

/**
 * How large a share of the requests is let in: halved while the event loop stays saturated, so that a flood is met
 * within a second, and opened again in small steps. One slow moment alone changes nothing.
 */
export function nextAdmission({ share, saturatedSamples }: Admission, loop: LoopSample, limitMs: number): Admission {
  const saturated = loop.delayMs > limitMs && loop.utilization > 0.9;
  if (!saturated) return { share: Math.min(1, share + 0.1), saturatedSamples: 0 };
  if (saturatedSamples === 0 && share === 1) return { share, saturatedSamples: 1 };
  return { share: Math.max(smallestShare, share / 2), saturatedSamples: saturatedSamples + 1 };
}

/** Each sample covers the time since the last one only: an hour of idling cannot hide a jam. */
export function watchEventLoop(limitMs: number) {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  let before = performance.eventLoopUtilization();
  let admission: Admission = { share: 1, saturatedSamples: 0 };
  let credit = 0;
  let shed = 0;
  let sampledAt = performance.now();
  let latest: LoopSample = { delayMs: 0, utilization: 0 };

  const sample = () => {
    const now = performance.eventLoopUtilization();
    const mean = histogram.count > 0 ? histogram.mean / 1e6 - resolutionMs : 0;
    // A turn of the loop that outlasts the sampling leaves no mark in the histogram, but this sample comes late.
    const late = performance.now() - sampledAt - everyMs;
    sampledAt = performance.now();
    latest = {
      delayMs: Math.max(0, mean, late),
      utilization: performance.eventLoopUtilization(now, before).utilization,
    };
    before = now;
    histogram.reset();
    if (limitMs > 0) admission = nextAdmission(admission, latest, limitMs);
  };
  const timer = setInterval(sample, everyMs);
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

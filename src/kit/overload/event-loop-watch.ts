import { type EventLoopSample, measureEventLoop } from "../health/event-loop.ts";

const minAdmittedShare = 0.05;

export type Admission = { share: number; saturatedSamples: number };

/**
 * Returns the share of requests to admit. It is halved with every sample while the event loop is saturated, so that the
 * server reacts to a flood within a second, and grows in small steps afterwards. A single saturated sample changes
 * nothing, and neither does a single stall of this process.
 */
export function nextAdmission(
  { share, saturatedSamples }: Admission,
  loop: Pick<EventLoopSample, "sustainedDelayMs" | "utilization">,
  limitMs: number,
): Admission {
  const isSaturated = loop.sustainedDelayMs > limitMs && loop.utilization > 0.9;
  if (!isSaturated) return { share: Math.min(1, share + 0.1), saturatedSamples: 0 };
  if (saturatedSamples === 0 && share === 1) return { share, saturatedSamples: 1 };
  return { share: Math.max(minAdmittedShare, share / 2), saturatedSamples: saturatedSamples + 1 };
}

/** Decides from samples of the event loop which requests are admitted. */
export function watchEventLoop(limitMs: number) {
  let admission: Admission = { share: 1, saturatedSamples: 0 };
  let credit = 0;
  let shedCount = 0;
  const loop = measureEventLoop((sample) => {
    if (limitMs > 0) admission = nextAdmission(admission, sample, limitMs);
  });

  return {
    /** Returns whether to admit the next request. With a share of 0.25, every fourth request is admitted. */
    admits(): boolean {
      if (admission.share === 1) return true;
      credit += admission.share;
      if (credit >= 1) {
        credit -= 1;
        return true;
      }
      shedCount += 1;
      return false;
    },
    latest: loop.latest,
    isShedding: (): boolean => admission.share < 1,
    shedCount: (): number => shedCount,
    stop: loop.stop,
  };
}

export type EventLoopWatch = ReturnType<typeof watchEventLoop>;

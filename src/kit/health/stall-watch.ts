const tickEveryMs = 250;
/** If a timer fires late by this much, the process has stalled. */
const minStallMs = 500;

/** Detects stalls of this process: it was paused, had no processor, or computed for long. */
export function watchStalls() {
  let tickedAt = performance.now();
  let stalledUntil = Number.NEGATIVE_INFINITY;
  const tick = () => {
    const now = performance.now();
    if (now - tickedAt > tickEveryMs + minStallMs) stalledUntil = now;
    tickedAt = now;
  };
  const timer = setInterval(tick, tickEveryMs).unref();
  return {
    /**
     * Returns whether a stall ended within the last `withinMs`, even if the timer that notices the stall has not run
     * yet.
     */
    hasJustStalled(withinMs: number): boolean {
      const now = performance.now();
      return now - tickedAt > tickEveryMs + minStallMs || now - stalledUntil < withinMs;
    },
    stop: (): void => clearInterval(timer),
  };
}

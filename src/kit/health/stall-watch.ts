const everyMs = 250;
/** A timer that is late by this much means that the process stalled. */
const minStallMs = 500;

/** Detects stalls of this process: it was paused, had no processor, or computed for long. */
export function watchStalls() {
  let tickedAt = performance.now();
  let stalledUntil = Number.NEGATIVE_INFINITY;
  const tick = () => {
    const now = performance.now();
    if (now - tickedAt > everyMs + minStallMs) stalledUntil = now;
    tickedAt = now;
  };
  const timer = setInterval(tick, everyMs).unref();
  return {
    /**
     * Returns whether a stall ended within the last `withinMs`, even if the timer that notices the stall has not run
     * yet.
     */
    hasJustStalled(withinMs: number): boolean {
      const now = performance.now();
      return now - tickedAt > everyMs + minStallMs || now - stalledUntil < withinMs;
    },
    stop: (): void => clearInterval(timer),
  };
}

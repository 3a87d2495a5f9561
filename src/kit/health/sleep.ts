/**
 * Creates a pause that can be shortened with `wakeAt` and ended with `wake`. A time that `wakeAt` sets while nothing
 * sleeps applies to the next pause.
 */
export function createSleep() {
  let current: { until: number; wake: () => void; timer: NodeJS.Timeout } | undefined;
  let requestedAt = Number.POSITIVE_INFINITY;

  return {
    /** Discards earlier wake-ups. */
    begin(): void {
      requestedAt = Number.POSITIVE_INFINITY;
    },
    /** Times are those of `performance.now()`. */
    async until(time: number): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>();
      const until = Math.min(time, requestedAt);
      current = { until, wake: resolve, timer: setTimeout(resolve, msUntil(until)) };
      await promise;
      clearTimeout(current.timer);
      current = undefined;
    },
    /** Ends the pause at this time, unless it ends earlier. */
    wakeAt(time: number): void {
      requestedAt = Math.min(requestedAt, time);
      if (current === undefined || time >= current.until) return;
      clearTimeout(current.timer);
      current.until = time;
      current.timer = setTimeout(current.wake, msUntil(time));
    },
    wake: (): void => current?.wake(),
  };
}

// Rounded up, because timers drop fractions of a millisecond and would end the pause early.
const msUntil = (time: number): number => Math.max(0, Math.ceil(time - performance.now()));

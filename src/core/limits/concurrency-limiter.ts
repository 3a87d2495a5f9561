import { type StallTolerantTimeout, startTimeout } from "../timing/stall-tolerant-timeout.ts";

export type ConcurrencyLimiterOptions = {
  maxConcurrent: number;
  /** A call that waits longer than this is rejected. */
  maxWaitMs: number;
  /** With this many calls waiting, further calls are rejected at once, because thousands of timers block the event loop. */
  maxQueued: number;
  rejectionError(): Error;
  /** Wraps the wait of a call that has to queue, to measure it. */
  measureWait?(wait: () => Promise<void>): Promise<void>;
};

/** Creates a limiter for the number of running calls, the number of waiting calls, and the time that a call waits. */
export function createConcurrencyLimiter({
  maxConcurrent,
  maxWaitMs,
  maxQueued,
  rejectionError,
  measureWait = (wait) => wait(),
}: ConcurrencyLimiterOptions) {
  type Waiter = { start(): void; limit: StallTolerantTimeout };
  // Not a Set: V8 keeps the removed entries of a Set in memory until a full garbage collection.
  const waiters: Waiter[] = [];
  let running = 0;

  const acquire = (waitMs: number): Promise<void> => {
    if (running < maxConcurrent) {
      running += 1;
      return Promise.resolve();
    }
    if (waiters.length >= maxQueued) return Promise.reject(rejectionError());
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const limit = startTimeout(waitMs, () => {
      waiters.splice(waiters.indexOf(waiter), 1);
      reject(rejectionError());
    });
    const waiter: Waiter = { start: resolve, limit };
    waiters.push(waiter);
    return measureWait(() => promise);
  };

  /** Hands the place to the next waiting call, so that a new call cannot overtake it. */
  const release = (): void => {
    const next = waiters.shift();
    if (next === undefined) {
      running -= 1;
      return;
    }
    next.limit.cancel();
    next.start();
  };

  return {
    /** `waitMs` is the longest wait of this call, if it is shorter than `maxWaitMs`. */
    async run<T>(work: () => Promise<T>, waitMs = maxWaitMs): Promise<T> {
      await acquire(Math.min(waitMs, maxWaitMs));
      try {
        return await work();
      } finally {
        release();
      }
    },
    queued: (): number => waiters.length,
    running: (): number => running,
  };
}

export type ConcurrencyLimiter = ReturnType<typeof createConcurrencyLimiter>;

export type ConcurrencyLimiterOptions = {
  /** How many calls are let in at once. */
  maxConcurrent: number;
  /** Whoever waits longer than this is turned away. */
  maxWaitMs: number;
  /** Whoever comes when this many wait is turned away at once: a thousand that give up together jam the loop. */
  maxQueued: number;
  onRejected(): Error;
};

/** Bounds how much is done at once, how much waits for it, and for how long. */
export function createConcurrencyLimiter({
  maxConcurrent,
  maxWaitMs,
  maxQueued,
  onRejected,
}: ConcurrencyLimiterOptions) {
  type Waiter = { enter(): void; timer: NodeJS.Timeout };
  // No Set: its old tables refer to newer ones, and keep what went through them alive until a full collection.
  const waiters: Waiter[] = [];
  let taken = 0;

  const enter = (): Promise<void> => {
    if (taken < maxConcurrent) {
      taken += 1;
      return Promise.resolve();
    }
    if (waiters.length >= maxQueued) return Promise.reject(onRejected());
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      waiters.splice(waiters.indexOf(waiter), 1);
      reject(onRejected());
    }, maxWaitMs);
    const waiter: Waiter = { enter: resolve, timer };
    waiters.push(waiter);
    return promise;
  };

  const leave = (): void => {
    const next = waiters.shift();
    if (next === undefined) {
      taken -= 1;
      return;
    }
    clearTimeout(next.timer);
    next.enter();
  };

  return {
    async run<T>(work: () => Promise<T>): Promise<T> {
      await enter();
      try {
        return await work();
      } finally {
        leave();
      }
    },
    queued: (): number => waiters.length,
    running: (): number => taken,
  };
}

export type ConcurrencyLimiter = ReturnType<typeof createConcurrencyLimiter>;

export type GateOptions = {
  /** How many calls are let in at once. */
  places: number;
  /** Whoever waits longer than this is turned away. */
  waitMs: number;
  /** Whoever comes when this many wait is turned away at once: a thousand that give up together jam the loop. */
  mostWaiting: number;
  onFull(): Error;
};

/** Bounds how much is done at once, how much waits for it, and for how long. */
export function createGate({ places, waitMs, mostWaiting, onFull }: GateOptions) {
  type Waiter = { enter(): void; timer: NodeJS.Timeout };
  // No Set: its old tables refer to newer ones, and keep what went through them alive until a full collection.
  const waiters: Waiter[] = [];
  let taken = 0;

  const enter = (): Promise<void> => {
    if (taken < places) {
      taken += 1;
      return Promise.resolve();
    }
    if (waiters.length >= mostWaiting) return Promise.reject(onFull());
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      waiters.splice(waiters.indexOf(waiter), 1);
      reject(onFull());
    }, waitMs);
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
    async pass<T>(work: () => Promise<T>): Promise<T> {
      await enter();
      try {
        return await work();
      } finally {
        leave();
      }
    },
    waiting: (): number => waiters.length,
    taken: (): number => taken,
  };
}

export type Gate = ReturnType<typeof createGate>;

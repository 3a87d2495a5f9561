// This process may stall while it waits: it is paused, has used up its CPU quota, collects garbage, or computes.
// Answers then wait in its sockets, and timers run before sockets are read. So a limit is measured in slices, and the
// sockets are read after each. A slice that ended late is not counted, because this process may not have run during it.

const slicesPerLimit = 8;
const minSliceMs = 25;
const maxSliceMs = 50;

/**
 * A wait ignores stalled time up to its own limit, or up to this time if the limit is shorter. Further stalled time is
 * counted, so that every wait ends.
 */
const minIgnoredStallMs = 1000;

export type StallTolerantTimeout = { cancel(): void };

/** Calls back once, after `limitMs` in which this process ran. */
export function startTimeout(limitMs: number, onTimeout: () => void): StallTolerantTimeout {
  const sliceMs = Math.max(minSliceMs, Math.min(maxSliceMs, limitMs / slicesPerLimit));
  let leftMs = limitMs;
  let ignorableStallMs = Math.max(limitMs, minIgnoredStallMs);
  let startedAt = performance.now();
  let timer: NodeJS.Timeout | undefined = setTimeout(readSockets, nextSliceMs());

  function nextSliceMs(): number {
    return Math.ceil(Math.min(sliceMs, leftMs));
  }

  function readSockets(): void {
    // Runs after the sockets were read.
    setImmediate(endSlice);
  }

  function endSlice(): void {
    if (timer === undefined) return;
    const now = performance.now();
    const tookMs = now - startedAt;
    if (tookMs > 2 * sliceMs && ignorableStallMs > 0) {
      ignorableStallMs -= tookMs;
      leftMs = Math.max(leftMs, sliceMs);
    } else leftMs -= tookMs;
    if (leftMs < 0.5) {
      timer = undefined;
      onTimeout();
      return;
    }
    startedAt = now;
    timer = setTimeout(readSockets, nextSliceMs());
  }

  return {
    cancel(): void {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}

/** Settles like the work, or rejects with the error of `onTimeout` after `limitMs` in which this process ran. */
export async function withTimeout<T>(limitMs: number, work: Promise<T>, onTimeout: () => Error): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const limit = startTimeout(limitMs, () => reject(onTimeout()));
  work.then(resolve, reject);
  try {
    return await promise;
  } finally {
    limit.cancel();
  }
}

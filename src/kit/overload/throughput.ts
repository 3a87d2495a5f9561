/** The measured work of about a second. */
export type Throughput = { started: number; rejected: number; waiting: number; ms: number };

const maxRetryAfterSeconds = 10;

/** The time in which the queue and all requests that were rejected in the last second could be served. */
export function secondsToDrain({ started, rejected, waiting, ms }: Throughput): number {
  const startedPerMs = started / ms;
  const seconds = Math.ceil((rejected + waiting) / Math.max(startedPerMs, 0.001) / 1000);
  return Math.min(maxRetryAfterSeconds, Math.max(1, seconds));
}

const windowMs = 1000;

/** Counts the requests that a queue starts and rejects, in windows of at least a second. */
export function createThroughput(now: () => number) {
  let last = { started: 0, rejected: 0, ms: windowMs };
  let current = { started: 0, rejected: 0, since: now() };

  const currentWindow = () => {
    const at = now();
    const { started, rejected, since } = current;
    if (at - since >= windowMs) {
      last = { started, rejected, ms: at - since };
      current = { started: 0, rejected: 0, since: at };
    }
    return current;
  };

  return {
    countStart(): void {
      currentWindow().started += 1;
    },
    countRejection(): void {
      currentWindow().rejected += 1;
    },
    secondsToDrain(waiting: number): number {
      // When an overload begins, the last window has measured less load than there is.
      const rejected = Math.max(last.rejected, currentWindow().rejected);
      return secondsToDrain({ ...last, rejected, waiting });
    },
  };
}

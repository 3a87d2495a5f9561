export type RetryBudgetOptions = {
  /** The maximum share of retries in the calls. */
  share: number;
  now?: () => number;
};

const windowMs = 10_000;
const minRetriesPerWindow = 10;

/**
 * Bounds retries to a share of the calls of the last ten seconds, so that retries do not multiply the load on a
 * dependency that fails every call. A few retries are always allowed, so that rare calls can be retried.
 */
export function createRetryBudget({ share, now = () => performance.now() }: RetryBudgetOptions) {
  const calls: number[] = [];
  const retries: number[] = [];
  const dropOld = (times: number[]) => {
    const oldest = now() - windowMs;
    const keep = times.findIndex((time) => time > oldest);
    times.splice(0, keep === -1 ? times.length : keep);
  };
  return {
    countCall(): void {
      dropOld(calls);
      calls.push(now());
    },
    /** Returns whether one more retry is within the budget, and counts it if so. */
    takeRetry(): boolean {
      dropOld(calls);
      dropOld(retries);
      if (retries.length >= Math.max(minRetriesPerWindow, calls.length * share)) return false;
      retries.push(now());
      return true;
    },
  };
}

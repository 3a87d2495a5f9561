import { setTimeout as sleep } from "node:timers/promises";

export type RetryLoopOptions = {
  /** Does the work and returns whether all of it succeeded. Must not throw. */
  attempt(signal: AbortSignal): Promise<boolean>;
  /** Called after each failed attempt once the pause has reached its maximum. */
  onStillFailing(): void;
};

const firstPauseMs = 250;
const maxPauseMs = 10_000;

/** Runs background work on each `start`, and retries it with growing pauses until it succeeds. */
export function createRetryLoop({ attempt, onStillFailing }: RetryLoopOptions) {
  const stopped = new AbortController();
  const { signal } = stopped;
  let isPending = false;
  let isRunning = false;

  const run = async (): Promise<void> => {
    isRunning = true;
    for (let pauseMs = firstPauseMs; isPending && !signal.aborted; pauseMs = Math.min(pauseMs * 2, maxPauseMs)) {
      isPending = false;
      if (await attempt(signal)) continue;
      isPending = true;
      if (pauseMs === maxPauseMs) onStillFailing();
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
    isRunning = false;
  };

  return {
    start(): void {
      isPending = true;
      if (!isRunning) void run();
    },
    stop: (): void => stopped.abort(),
  };
}

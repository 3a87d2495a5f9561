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
  let wanted = false;
  let running = false;

  const run = async (): Promise<void> => {
    running = true;
    for (let pauseMs = firstPauseMs; wanted && !signal.aborted; pauseMs = Math.min(pauseMs * 2, maxPauseMs)) {
      wanted = false;
      if (await attempt(signal)) continue;
      wanted = true;
      if (pauseMs === maxPauseMs) onStillFailing();
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
    running = false;
  };

  return {
    start(): void {
      wanted = true;
      if (!running) void run();
    },
    stop: (): void => stopped.abort(),
  };
}

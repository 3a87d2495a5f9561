import { setTimeout as sleep } from "node:timers/promises";

export type RetryLoopOptions = {
  /** Whether everything is done. It must not throw. */
  attempt(signal: AbortSignal): Promise<boolean>;
  /** Called after each failed attempt once the pauses are at their longest. */
  onStillFailing(): void;
};

const firstPauseMs = 250;
const maxPauseMs = 10_000;

/** Background work that is repeated with growing pauses until it is done, and done again after each `start`. */
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

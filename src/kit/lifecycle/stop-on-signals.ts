import type { Exchange } from "./connections.ts";
import type { DrainTimes } from "./drain.ts";
import { onStopSignals, optionsUnderNpm } from "./signals.ts";

/** Longer than a proxy with usual settings takes to detect a failing `/ready`, and shorter than the 30 s of Kubernetes. */
export const defaultDrainTimes: DrainTimes = { delayMs: 8000, lingerMs: 3000, timeoutMs: 15_000 };

/** @example const options: StopOptions = { drain: { delayMs: 5000 }, close: () => pool.end() }; */
export type StopOptions = {
  /** Times of the drain; those of `defaultDrainTimes` unless set. */
  drain?: Partial<DrainTimes>;
  /** Called for each request that was cut, for the log. */
  onCut?: (exchange: Exchange) => void;
  /** Closes pools and clients, after the drain. */
  close?: () => Promise<unknown> | unknown;
};

const closeTimeoutMs = 5000;
const interrupted = 130;

/** Exits with 0, with 1 if a request was cut or `close` failed or hung, and with 130 at a second SIGINT. */
export function stopOnSignals(
  drain: (times: DrainTimes, onCut?: (exchange: Exchange) => void) => Promise<{ cut: number }>,
  stop: () => void,
  options: StopOptions,
): void {
  const run = async () => {
    const { cut } = await drain({ ...defaultDrainTimes, ...options.drain }, options.onCut);
    stop();
    setTimeout(() => process.exit(1), closeTimeoutMs);
    const closed = await runAsync(options.close).then(
      () => true,
      () => false,
    );
    process.exit(cut > 0 || !closed ? 1 : 0);
  };
  onStopSignals(process, {
    stop: () => void run(),
    abort: () => process.exit(interrupted),
    ...optionsUnderNpm(process),
  });
}

/** Turns a synchronous exception into a rejection. */
const runAsync = async (close: StopOptions["close"]): Promise<unknown> => close?.();

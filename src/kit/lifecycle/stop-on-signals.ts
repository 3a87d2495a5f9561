import { warn } from "../guard-callback.ts";
import type { Exchange } from "./connections.ts";
import type { DrainTimes } from "./drain.ts";
import { onStopSignals, optionsUnderNpm } from "./signals.ts";

/**
 * The times of a drain unless set. The delay is longer than a proxy with usual settings takes to detect a failing
 * `/ready`. All steps together take less than the 30 s that Kubernetes gives a pod to stop.
 * @example const drain = { ...defaultDrainTimes, delayMs: 15_000 };
 */
export const defaultDrainTimes: DrainTimes = { delayMs: 8000, lingerMs: 3000, timeoutMs: 15_000 };

/**
 * The options of `health.stopOnSignals`.
 * @example const options: StopOptions = { drain: { delayMs: 5000 }, close: () => pool.end() };
 */
export type StopOptions = {
  /** Times of the drain; those of `defaultDrainTimes` unless set. */
  drain?: Partial<DrainTimes>;
  /** Called for each request that was cut, for the log. */
  onCut?: (exchange: Exchange) => void;
  /** Closes pools and clients, after the drain. */
  close?: () => Promise<unknown> | unknown;
};

const closeTimeoutMs = 5000;
const interruptedExitCode = 130;

type StopServer = () => Promise<{ failed: boolean }>;

/** One process may have several apps. It exits when all of them have stopped. */
const stops: StopServer[] = [];

/**
 * Drains and exits at a signal. The exit code is 0, or 1 if a request was cut or `close` failed or took too long, or
 * 130 at a second SIGINT.
 */
export function stopOnSignals(
  drain: (times: DrainTimes, onCut?: (exchange: Exchange) => void) => Promise<{ cut: number }>,
  stop: () => void,
  options: StopOptions,
): void {
  stops.push(async () => {
    const { cut } = await drain({ ...defaultDrainTimes, ...options.drain }, options.onCut);
    stop();
    const { promise: timedOut, resolve } = Promise.withResolvers<false>();
    const timer = setTimeout(resolve, closeTimeoutMs, false);
    const closed = runAsync(options.close).then(
      () => true,
      (error: unknown) => {
        warn("close failed", error);
        return false;
      },
    );
    const isClosed = await Promise.race([closed, timedOut]);
    clearTimeout(timer);
    return { failed: cut > 0 || !isClosed };
  });
  if (stops.length > 1) return;
  onStopSignals(process, {
    stop: () => void exitAfterAll(),
    abort: () => process.exit(interruptedExitCode),
    ...optionsUnderNpm(process),
  });
}

async function exitAfterAll(): Promise<void> {
  const results = await Promise.allSettled(stops.map((stop) => stop()));
  process.exit(results.every((result) => result.status === "fulfilled" && !result.value.failed) ? 0 : 1);
}

/** Turns a synchronous exception into a rejection. */
const runAsync = async (close: StopOptions["close"]): Promise<unknown> => close?.();

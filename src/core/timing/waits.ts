import { AsyncLocalStorage } from "node:async_hooks";

type Waits = { ms: number };

const waitsOfRequest = new AsyncLocalStorage<Waits>();

/** Runs the work of one request. `startWait` adds up the waits of all calls in this work. */
export const withOwnWaits = <T>(work: () => T): T => waitsOfRequest.run({ ms: 0 }, work);

/**
 * Starts to measure a wait for a store: for a free connection, or for an attempt that may fail. The returned function
 * ends the measurement, and returns the total wait of the request in milliseconds. Outside a request, it returns this wait.
 */
export function startWait(): () => number {
  const waits = waitsOfRequest.getStore() ?? { ms: 0 };
  const before = waits.ms;
  const startedAt = performance.now();
  return () => {
    // Calls of a request may wait at the same time. Such waits are not added to each other.
    waits.ms = Math.max(waits.ms, before + performance.now() - startedAt);
    return waits.ms;
  };
}

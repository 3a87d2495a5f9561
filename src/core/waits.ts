import { AsyncLocalStorage } from "node:async_hooks";

type Waits = { ms: number };

const ofRequest = new AsyncLocalStorage<Waits>();

/** Starts a request: the waits of all its calls are added up. */
export const withOwnWaits = <T>(work: () => T): T => ofRequest.run({ ms: 0 }, work);

/**
 * Starts a wait for a store that may be without result: for a free connection, or for an attempt that is given up. The
 * returned function adds the time until now, and returns all waits of the request. A call outside a request has its own.
 */
export function startWait(): () => number {
  const waits = ofRequest.getStore() ?? { ms: 0 };
  const before = waits.ms;
  const startedAt = performance.now();
  return () => {
    // Calls of a request may wait at the same time.
    waits.ms = Math.max(waits.ms, before + performance.now() - startedAt);
    return waits.ms;
  };
}

import type { CheckName } from "../../config/parsers/checks-and-probes.ts";
import type { StoreCapability } from "../../core/store-capability.ts";
import { noTracer, type Tracer } from "../../core/tracer.ts";
import type { StoreNeeds } from "../../http/operation.ts";
import type { Store } from "../../kit/checks/service-checks.ts";
import type { Breaker } from "../../kit/resilience/breaker.ts";
import type { Breakers, NewBreaker } from "../../kit/resilience/breakers.ts";

/** One breaker for each capability of a store, so that failing writes do not refuse reads. */
export type StoreBreakers = Readonly<Record<StoreCapability, Breaker>>;

export function createStoreBreakers(
  breakers: Breakers,
  tracer: Tracer,
  options: Omit<NewBreaker, "codeWhileOpen">,
): StoreBreakers {
  const read = breakers.create(options);
  const write = breakers.create({
    ...options,
    name: `${options.name}:write`,
    codeWhileOpen: () => (read.isOpen() ? "unavailable" : "read_only"),
  });
  return { read: withEvents(read, tracer), write: withEvents(write, tracer) };
}

/** Adds an event to the current trace for each call that the open breaker rejects. */
function withEvents(breaker: Breaker, tracer: Tracer): Breaker {
  if (tracer === noTracer) return breaker;
  const recordRejection = () => {
    if (breaker.isOpen()) tracer.event("rejected by the open circuit breaker", { "haven.breaker": breaker.name });
  };
  return {
    ...breaker,
    assertClosed() {
      recordRejection();
      breaker.assertClosed();
    },
    run(work) {
      recordRejection();
      return breaker.run(work);
    },
  };
}

/**
 * Returns the checks of a store as the trials of its breakers. An open breaker rejects requests, so only a check finds out
 * that the store works again.
 */
export const checksAsTrials = ({ read, write }: StoreBreakers, checks: Store): Store => ({
  read: (signal) => read.runTrial(() => checks.read(signal)),
  write: (signal) => write.runTrial(() => checks.write(signal)),
});

/**
 * Returns the capabilities that READY_REQUIRES lists for a store. A store that must accept writes must also answer
 * reads.
 */
export function criticalCapabilities(
  requires: readonly CheckName[],
  store: "postgres" | "redis",
): readonly StoreCapability[] {
  if (requires.includes(`${store}:write`)) return ["read", "write"];
  return requires.includes(store) ? ["read"] : [];
}

/** Returns a function that throws if an operation needs a capability whose breaker is open. */
export const createAssertAvailable =
  (stores: Readonly<Record<keyof StoreNeeds, StoreBreakers>>) =>
  ({ postgres, redis }: StoreNeeds): void => {
    if (postgres !== undefined) stores.postgres[postgres].assertClosed();
    if (redis !== undefined) stores.redis[redis].assertClosed();
  };

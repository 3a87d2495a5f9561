/**
 * The phase of the process, which only moves forward.
 * @example const isStopping = (phase: Phase) => phase === "draining" || phase === "stopped";
 */
export type Phase = "starting" | "ready" | "draining" | "stopped";

export type PhaseState = { phase: Phase; since: number };

const order: readonly Phase[] = ["starting", "ready", "draining", "stopped"];

/** Tracks the phase of the process, which only moves forward: starting, ready, draining, stopped. */
export function createLifecycle(clock: { now(): number }) {
  let current: PhaseState = { phase: "starting", since: clock.now() };
  const listeners = new Set<(now: PhaseState, before: PhaseState) => void>();

  return {
    current: (): PhaseState => current,
    is: (phase: Phase): boolean => current.phase === phase,
    /** Enters a later phase and returns true. For an earlier or the same phase, does nothing and returns false. */
    advance(phase: Phase): boolean {
      if (order.indexOf(phase) <= order.indexOf(current.phase)) return false;
      const before = current;
      current = { phase, since: clock.now() };
      for (const listener of listeners) listener(current, before);
      return true;
    },
    onChange(listener: (now: PhaseState, before: PhaseState) => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export type Lifecycle = ReturnType<typeof createLifecycle>;

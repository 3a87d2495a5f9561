export type Phase =
  | { phase: "starting"; since: number }
  | { phase: "ready"; since: number }
  | { phase: "draining"; since: number }
  | { phase: "stopped"; since: number };

export type PhaseName = Phase["phase"];

const order: readonly PhaseName[] = ["starting", "ready", "draining", "stopped"];

/** The life of the process goes one way: starting, ready, draining, stopped. */
export function createLifecycle(clock: { now(): number }) {
  let current: Phase = { phase: "starting", since: clock.now() };
  const listeners = new Set<(now: Phase, before: Phase) => void>();

  return {
    current: (): Phase => current,
    is: (phase: PhaseName): boolean => current.phase === phase,
    /** Goes to a later phase; going back or staying changes nothing and answers false. */
    advance(phase: PhaseName): boolean {
      if (order.indexOf(phase) <= order.indexOf(current.phase)) return false;
      const before = current;
      current = { phase, since: clock.now() };
      for (const listener of listeners) listener(current, before);
      return true;
    },
    onChange(listener: (now: Phase, before: Phase) => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export type Lifecycle = ReturnType<typeof createLifecycle>;

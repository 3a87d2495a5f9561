import type { Reason } from "../../core/errors/failure-reason.ts";
import { guard } from "../guard-callback.ts";

/**
 * One change of state. `code` is the error code of the dependency or of the system, for the log and for operators.
 * @example const onChange = ({ name, from, to, reason }: Change) => log.warn({ name, from, to, reason });
 */
export type Change = {
  /** Milliseconds since 1970. */
  at: number;
  /** What changed. */
  kind: "phase" | "check" | "verdict" | "breaker";
  /** The name of the check or the breaker. */
  name: string;
  /** The state before. */
  from: string;
  /** The state after. */
  to: string;
  /** Why a check or the verdict changed. */
  reason: Reason | null;
  /** The error code of the dependency or of the system. */
  code?: string;
};

/** Keeps the latest changes of state, for the report and for listeners. */
export function createHistory(limit = 200) {
  const changes: Change[] = [];
  const counts = new Map<string, { kind: string; name: string; to: string; count: number }>();
  const listeners = new Set<(change: Change) => void>();
  return {
    add(change: Change): void {
      changes.push(change);
      const { kind, name, to } = change;
      const key = `${kind} ${name} ${to}`;
      counts.set(key, { kind, name, to, count: (counts.get(key)?.count ?? 0) + 1 });
      if (changes.length > limit) changes.shift();
      for (const listener of listeners) guard("onChange", () => listener(change));
    },
    /** Returns how often each state was entered since the start, for metrics. */
    counts: () => [...counts.values()],
    all: (): readonly Change[] => changes,
    onChange(listener: (change: Change) => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export type History = ReturnType<typeof createHistory>;

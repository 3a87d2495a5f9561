import { createDurations } from "../core/metrics/durations.ts";
import type { Metrics } from "./registry.ts";

const durationBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] as const;

/** Measures the calls to each dependency, including the wait for a connection and the whole transaction. */
export function createCallMetrics<Name extends string>(metrics: Pick<Metrics, "add">, names: readonly Name[]) {
  const durationsByName = new Map(names.map((name) => [name, createDurations(durationBuckets)]));
  metrics.add({
    name: "dependency_call_duration_seconds",
    help: "Duration of calls to the dependency, including failed calls, without rejected ones.",
    type: "histogram",
    samples: () => [...durationsByName].flatMap(([name, durations]) => durations.samples({ name })),
  });

  return async <T>(name: Name, work: () => Promise<T>): Promise<T> => {
    const startedAt = performance.now();
    try {
      return await work();
    } finally {
      durationsByName.get(name)?.observe((performance.now() - startedAt) / 1000);
    }
  };
}

export type CallTimer = <T>(name: "postgres" | "redis", work: () => Promise<T>) => Promise<T>;

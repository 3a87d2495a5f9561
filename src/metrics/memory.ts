import type { Metrics } from "./registry.ts";

export type MemorySource = () => { heapLimitBytes: number; limitBytes: number | null };

/** What the memory in use has to stay below; the use itself is among the process's own metrics. */
export function addMemoryMetrics(metrics: Pick<Metrics, "add">, read: MemorySource): void {
  metrics.add(
    {
      name: "process_memory_limit_bytes",
      help: "Memory that the process may use, where the system sets a limit.",
      type: "gauge",
      samples: () => {
        const { limitBytes } = read();
        return limitBytes === null ? [] : [{ labels: {}, value: limitBytes }];
      },
    },
    {
      name: "nodejs_heap_size_limit_bytes",
      help: "Size to which the JavaScript heap may grow.",
      type: "gauge",
      samples: () => [{ labels: {}, value: read().heapLimitBytes }],
    },
  );
}

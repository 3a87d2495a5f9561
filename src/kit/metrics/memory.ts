import type { MetricsSink } from "./metrics-sink.ts";

export type MemorySource = () => { heapLimitBytes: number; limitBytes: number | null };

/** Adds the memory limits. The memory in use is a default metric of the process. */
export function addMemoryMetrics(metrics: Pick<MetricsSink, "add">, read: MemorySource): void {
  metrics.add(
    {
      name: "process_memory_limit_bytes",
      help: "Memory limit of the process, where the system sets one.",
      type: "gauge",
      samples: () => {
        const { limitBytes } = read();
        return limitBytes === null ? [] : [{ labels: {}, value: limitBytes }];
      },
    },
    {
      name: "nodejs_heap_size_limit_bytes",
      help: "Limit of the JavaScript heap.",
      type: "gauge",
      samples: () => [{ labels: {}, value: read().heapLimitBytes }],
    },
  );
}

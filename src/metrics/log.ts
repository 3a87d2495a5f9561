import type { Metrics } from "./registry.ts";

/** Lines are dropped where the reader of stdout is stuck and the memory for waiting lines is used up. */
export function addLogMetrics(metrics: Pick<Metrics, "add">, droppedLines: () => number): void {
  metrics.add({
    name: "log_lines_dropped_total",
    help: "Log lines that were dropped because the reader of stdout is stuck.",
    type: "counter",
    samples: () => [{ labels: {}, value: droppedLines() }],
  });
}

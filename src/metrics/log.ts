import type { Metrics } from "./registry.ts";

/** Lines are dropped while stdout is not read and the buffer for waiting lines is full. */
export function addLogMetrics(metrics: Pick<Metrics, "add">, droppedLines: () => number): void {
  metrics.add({
    name: "log_lines_dropped_total",
    help: "Log lines dropped because stdout is not read.",
    type: "counter",
    samples: () => [{ labels: {}, value: droppedLines() }],
  });
}

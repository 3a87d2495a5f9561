import type { Metrics } from "./registry.ts";

export type TraceSource = {
  counts(): Readonly<Record<"exported" | "failed" | "dropped", number>>;
  pending(): number;
};

export function addTraceMetrics(metrics: Pick<Metrics, "add">, source: TraceSource): void {
  metrics.add(
    {
      name: "trace_spans_total",
      help: "Spans by outcome: exported, failed (the endpoint did not accept them), dropped (too many were waiting).",
      type: "counter",
      samples: () => Object.entries(source.counts()).map(([outcome, value]) => ({ labels: { outcome }, value })),
    },
    {
      name: "trace_spans_pending",
      help: "Spans that wait for the export.",
      type: "gauge",
      samples: () => [{ labels: {}, value: source.pending() }],
    },
  );
}

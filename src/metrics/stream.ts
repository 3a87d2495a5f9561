import type { Metrics } from "./registry.ts";

export type StreamSource = {
  open(): number;
  eventsSent(): number;
  closedByServer(): ReadonlyMap<string, number>;
};

export function addStreamMetrics(metrics: Pick<Metrics, "add">, source: StreamSource): void {
  metrics.add(
    {
      name: "streams_open",
      help: "Open event streams.",
      type: "gauge",
      samples: () => [{ labels: {}, value: source.open() }],
    },
    {
      name: "stream_events_sent_total",
      help: "Events written to streams, counted per stream.",
      type: "counter",
      samples: () => [{ labels: {}, value: source.eventsSent() }],
    },
    {
      name: "stream_cut_total",
      help: "Streams closed by the server, by reason.",
      type: "counter",
      samples: () => [...source.closedByServer()].map(([reason, value]) => ({ labels: { reason }, value })),
    },
  );
}

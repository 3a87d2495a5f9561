import { createDurations, type Durations } from "../../core/metrics/durations.ts";
import type { Family } from "../../core/metrics/exposition.ts";
import type { MetricsSink } from "./metrics-sink.ts";

export const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

type Series = { labels: { method: string; route: string; status: string }; durations: Durations };

export type HttpSource = {
  inFlight(): number;
  connections(): number;
  bytes(): Readonly<Record<"received" | "sent", number>>;
  shedCount(): number;
};

const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/**
 * Counts requests in plain numbers and builds the samples at the scrape. The counters of prom-client would be slower,
 * because they hash their labels on every request.
 */
export function createHttpMetrics(metrics: Pick<MetricsSink, "add">, source: HttpSource) {
  const seriesByKey = new Map<string, Series>();

  const seriesOf = (method: string, route: string, status: number): Series => {
    const key = `${method} ${status} ${route}`;
    let series = seriesByKey.get(key);
    if (series === undefined) {
      series = { labels: { method, route, status: String(status) }, durations: createDurations(durationBuckets) };
      seriesByKey.set(key, series);
    }
    return series;
  };

  const families: readonly Family[] = [
    {
      name: "http_requests_total",
      help: "Completed requests, by method, route template and status (499: the client disconnected first).",
      type: "counter",
      samples: () => [...seriesByKey.values()].map(({ labels, durations }) => ({ labels, value: durations.count() })),
    },
    {
      name: "http_request_duration_seconds",
      help: "Time from the headers of a request to the end of its response.",
      type: "histogram",
      samples: () => [...seriesByKey.values()].flatMap(({ labels, durations }) => durations.samples(labels)),
    },
    {
      name: "http_requests_in_flight",
      help: "Requests in progress.",
      type: "gauge",
      samples: () => [{ labels: {}, value: source.inFlight() }],
    },
    {
      name: "http_connections_open",
      help: "Open connections of clients and proxies, busy or kept alive.",
      type: "gauge",
      samples: () => [{ labels: {}, value: source.connections() }],
    },
    {
      name: "http_network_bytes_total",
      help: "Bytes on connections of clients and proxies, including probes and headers.",
      type: "counter",
      samples: () => Object.entries(source.bytes()).map(([direction, value]) => ({ labels: { direction }, value })),
    },
    {
      name: "http_requests_shed_total",
      help: "Requests rejected because the server was overloaded.",
      type: "counter",
      samples: () => [{ labels: {}, value: source.shedCount() }],
    },
  ];
  metrics.add(...families);

  return {
    /** `traceId` names a trace of the request, which becomes an exemplar in the OpenMetrics format. */
    observe(method: string, route: string, status: number, seconds: number, traceId?: string): void {
      seriesOf(methods.has(method) ? method : "OTHER", route, status).durations.observe(seconds, traceId);
    },
    totals() {
      let requests = 0;
      let errors = 0;
      for (const { durations, labels } of seriesByKey.values()) {
        requests += durations.count();
        if (labels.status.startsWith("5")) errors += durations.count();
      }
      return { requests, errors };
    },
  };
}

export type HttpMetrics = ReturnType<typeof createHttpMetrics>;

import type { EventLoopWatch } from "../http/listener/overload.ts";
import { watchSystem } from "../kit/health/system.ts";
import type { Connections } from "../kit/lifecycle/connections.ts";
import { createHttpMetrics } from "../metrics/http.ts";
import type { Metrics } from "../metrics/registry.ts";

export type TrafficDeps = { metrics: Metrics; connections: Connections; eventLoop: EventLoopWatch };

/** What is counted of requests, and how the machine bears them. */
export function composeHttpMetrics({ metrics, connections, eventLoop }: TrafficDeps) {
  const httpMetrics = createHttpMetrics(metrics, {
    inFlight: connections.inFlight,
    connections: connections.sockets,
    bytes: connections.bytes,
    shedCount: eventLoop.shedCount,
  });
  const watch = watchSystem({
    eventLoop,
    http: {
      inFlight: connections.inFlight,
      connections: connections.sockets,
      shedding: eventLoop.isShedding,
      totals: httpMetrics.totals,
    },
  });
  return { httpMetrics, watch };
}

export type TrafficParts = ReturnType<typeof composeHttpMetrics>;

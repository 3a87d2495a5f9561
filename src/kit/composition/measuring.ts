import { readMemory } from "../checks/memory.ts";
import { watchSystem } from "../health/system-watch.ts";
import type { Probes } from "../http/probes.ts";
import type { Connections } from "../lifecycle/connections.ts";
import { addBreakerMetrics } from "../metrics/breakers.ts";
import { createHealthMetrics } from "../metrics/health.ts";
import { createHttpMetrics } from "../metrics/http.ts";
import { addMemoryMetrics } from "../metrics/memory.ts";
import { createOwnExposition } from "../metrics/own-exposition.ts";
import { promClientSink } from "../metrics/prom-client.ts";
import type { HealthOptions } from "../options.ts";
import type { Checking } from "./checking.ts";
import type { Settings } from "./settings.ts";

export type MeasuringDeps = {
  metrics: HealthOptions["metrics"];
  settings: Settings;
  checking: Checking;
  connections: Connections;
  probes: Probes;
};

/** Adds the metrics, and samples the process and its requests for the report. */
export function createMeasuring({ settings, checking, connections, probes, ...deps }: MeasuringDeps) {
  const { eventLoop, identity } = settings;
  const { breakers, monitor, lifecycle, history } = checking;
  const { version, instance } = identity;
  const metrics = metricsSink(deps.metrics) ?? createOwnExposition({ version, instance, eventLoop });
  addBreakerMetrics(metrics, breakers.all);
  addMemoryMetrics(metrics, readMemory);
  const healthMetrics = createHealthMetrics(metrics, {
    checks: () => monitor.snapshot().checks,
    ready: () => monitor.snapshot().ready,
    phase: () => lifecycle.current().phase,
    probes: probes.counts,
    changes: history.counts,
  });
  const httpMetrics = createHttpMetrics(metrics, {
    inFlight: connections.inFlight,
    connections: connections.sockets,
    bytes: connections.bytes,
    shedCount: eventLoop.shedCount,
  });
  const systemWatch = watchSystem({
    eventLoop,
    http: {
      inFlight: connections.inFlight,
      connections: connections.sockets,
      shedding: eventLoop.isShedding,
      totals: httpMetrics.totals,
    },
  });
  return { metrics, healthMetrics, httpMetrics, systemWatch };
}

export type Measuring = ReturnType<typeof createMeasuring>;

const metricsSink = (option: HealthOptions["metrics"]) =>
  option !== undefined && "registerMetric" in option ? promClientSink(option) : option;

import type { Config } from "../config/read-config.ts";
import type { Logger } from "../core/logging/logger.ts";
import { noTracer, type StartRequestTrace, type Tracer } from "../core/tracer.ts";
import type { Trust } from "../http/listener/proxy-trust.ts";
import type { Identity } from "../kit/health/health-report.ts";
import type { Metrics } from "../metrics/registry.ts";
import { addTraceMetrics } from "../metrics/traces.ts";

export type TracingPartsDeps = {
  config: Config;
  identity: Identity;
  logger: Logger;
  metrics: Metrics;
  trust: Pick<Trust, "trustsPeer">;
  stack: AsyncDisposableStack;
};

export type Tracing = { tracer: Tracer; startRequest: StartRequestTrace };

const closeLimitMs = 2000;

/** Creates the tracer. While traces are off, `src/tracing/` is not loaded. */
export async function composeTracing(deps: TracingPartsDeps): Promise<Tracing> {
  const { config, identity, logger, metrics, trust, stack } = deps;
  if (config.tracing === undefined) return { tracer: noTracer, startRequest: () => undefined };
  const { startTracing } = await import("../tracing/start-tracing.ts");
  const { sampler, keepErrors, exporterEnvironment } = config.tracing;
  const { tracer, startRequest, exporter } = startTracing({
    sampler,
    keepErrors,
    trustsPeer: (request) => trust.trustsPeer(request.socket),
    environment: exporterEnvironment,
    resource: { ...identity, environment: config.environment },
    logger,
  });
  stack.defer(() => exporter.close(closeLimitMs));
  addTraceMetrics(metrics, exporter);
  return { tracer, startRequest };
}

import type { Variables } from "../variables.ts";
import type { TraceSampler } from "./trace-samplers.ts";

/** The settings of the exporter, which the OpenTelemetry SDK reads in its worker. */
const exporterVariables = [
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_HEADERS",
  "OTEL_EXPORTER_OTLP_COMPRESSION",
  "OTEL_EXPORTER_OTLP_CERTIFICATE",
  "OTEL_EXPORTER_OTLP_TIMEOUT",
  "OTEL_SERVICE_NAME",
  "OTEL_RESOURCE_ATTRIBUTES",
] as const;

/** Returns undefined if traces are not exported. */
export function tracingSettings(v: Variables) {
  if (v.OTEL_EXPORTER_OTLP_ENDPOINT === undefined || v.OTEL_SDK_DISABLED === "true") return undefined;
  const sampler: TraceSampler = { name: v.OTEL_TRACES_SAMPLER, ratio: v.OTEL_TRACES_SAMPLER_ARG };
  const exporterEnvironment: Record<string, string> = {};
  for (const name of exporterVariables) if (v[name] !== undefined) exporterEnvironment[name] = String(v[name]);
  return { sampler, keepErrors: v.TRACE_KEEP_ERRORS === "true", exporterEnvironment };
}

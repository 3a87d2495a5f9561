import type { IncomingMessage } from "node:http";
import type { TraceSampler } from "../config/sections/trace-samplers.ts";
import { createRecorder } from "./recorder.ts";
import { createSampler } from "./sampler.ts";
import { createTraceExporter, type TraceExporterDeps } from "./trace-exporter.ts";

export type TracingDeps = TraceExporterDeps & {
  sampler: TraceSampler;
  keepErrors: boolean;
  trustsPeer(request: IncomingMessage): boolean;
};

/** Creates the recorder and its exporter. Imported only if traces are exported. */
export function startTracing({ sampler, keepErrors, trustsPeer, ...exporterDeps }: TracingDeps) {
  const exporter = createTraceExporter(exporterDeps);
  const recorder = createRecorder({
    sampler: createSampler(sampler),
    keepErrors,
    trustsPeer,
    onTrace: exporter.add,
  });
  return { ...recorder, exporter };
}

import { parentPort, workerData } from "node:worker_threads";
import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { decodeBatch } from "./batch.ts";
import { toReadableSpans } from "./to-readable-spans.ts";
import type { FromWorker, ToWorker, WorkerData } from "./worker-messages.ts";

// Runs in a worker thread. The exporter of the SDK reads the `OTEL_…` settings, encodes, compresses, retries and times out.

const { service, version, instance, environment } = workerData as WorkerData;

const resource = resourceFromAttributes({
  "service.name": service,
  "service.version": version,
  "service.instance.id": instance,
  "deployment.environment.name": environment,
  "telemetry.sdk.language": "nodejs",
}).merge(detectResources({ detectors: [envDetector] }));

const scope = { name: service, version };
const exporter = new OTLPTraceExporter();

const send = (message: FromWorker): void => parentPort?.postMessage(message);

function codeOf(error: Error | undefined): string {
  if (error !== undefined && "code" in error && error.code !== undefined) return String(error.code);
  return error?.name ?? "unknown";
}

const exportSpans = ({ batch, count }: ToWorker): Promise<void> =>
  new Promise((resolve) => {
    const onResult = ({ code, error }: ExportResult): void => {
      const isExported = code === ExportResultCode.SUCCESS;
      send(isExported ? { kind: "exported", count } : { kind: "failed", count, code: codeOf(error) });
      resolve();
    };
    exporter.export(
      decodeBatch(batch).flatMap((trace) => toReadableSpans(trace, resource, scope)),
      onResult,
    );
  });

// Exports one batch at a time. The server limits the number of spans that wait.
let lastExport = Promise.resolve();
parentPort?.on("message", (message: ToWorker) => {
  lastExport = lastExport.then(() => exportSpans(message));
});

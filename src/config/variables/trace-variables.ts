import { url } from "../parsers/addresses.ts";
import { certificateFile } from "../parsers/pem.ts";
import { milliseconds, oneOf, ratio, text } from "../parsers/values.ts";
import { traceSamplers } from "../sections/trace-samplers.ts";

export const traceVariables = {
  OTEL_EXPORTER_OTLP_ENDPOINT: url(["https:", "http:"])
    .optional()
    .describe("OTLP endpoint that receives traces over HTTP, e.g. `http://collector:4318`; no traces if unset"),
  OTEL_EXPORTER_OTLP_HEADERS: text
    .optional()
    .describe("Headers of the calls to this endpoint, as `name=value,name=value`, e.g. with a token"),
  OTEL_EXPORTER_OTLP_PROTOCOL: oneOf(["http/protobuf"])
    .default("http/protobuf")
    .describe("Protocol of this endpoint; others are not supported"),
  OTEL_EXPORTER_OTLP_COMPRESSION: oneOf(["none", "gzip"])
    .default("none")
    .describe("Compression of the exported traces"),
  OTEL_EXPORTER_OTLP_CERTIFICATE: certificateFile
    .optional()
    .describe("PEM file of the certificate authority that the certificate of this endpoint is verified with"),
  OTEL_EXPORTER_OTLP_TIMEOUT: milliseconds(100)
    .default(10_000)
    .describe("Time limit of one export; traces that are not exported by then are lost and counted"),
  OTEL_SERVICE_NAME: text.default("haven-api").describe("Name of the service in traces"),
  OTEL_RESOURCE_ATTRIBUTES: text
    .optional()
    .describe(
      "Further attributes of all traces, as `name=value,name=value`, e.g. `deployment.environment.name=staging`",
    ),
  OTEL_TRACES_SAMPLER: oneOf(traceSamplers)
    .default("parentbased_always_on")
    .describe(`Which traces are exported: ${traceSamplers.join(", ")}; \`parentbased\`: a trusted caller decides`),
  OTEL_TRACES_SAMPLER_ARG: ratio.default(1).describe("Share of the traces that `traceidratio` exports, 0 to 1"),
  OTEL_SDK_DISABLED: oneOf(["true", "false"]).default("false").describe("`true`: no traces, even with an endpoint"),
  TRACE_KEEP_ERRORS: oneOf(["true", "false"])
    .default("true")
    .describe("`true`: the trace of a request that ends with a 5xx is exported even if the sampler did not select it"),
};

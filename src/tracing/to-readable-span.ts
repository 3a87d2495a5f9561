import { type HrTime, SpanKind, SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import { type InstrumentationScope, TraceState } from "@opentelemetry/core";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import type { RecordedSpan } from "./recorder.ts";

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL } as const;

/** Translates a recorded span into the form that the exporters of the SDK take. */
export function toReadableSpan(span: RecordedSpan, resource: Resource, scope: InstrumentationScope): ReadableSpan {
  const { traceId, parentSpanId, link } = span;
  const traceState = span.traceState === undefined ? {} : { traceState: new TraceState(span.traceState) };
  const context = { traceId, spanId: span.spanId, traceFlags: TraceFlags.SAMPLED, ...traceState };
  return {
    name: span.name,
    kind: kinds[span.kind],
    spanContext: () => context,
    ...(parentSpanId !== undefined && {
      parentSpanContext: {
        traceId,
        spanId: parentSpanId,
        traceFlags: TraceFlags.SAMPLED,
        isRemote: span.remoteParent,
      },
    }),
    startTime: toHrTime(span.startMs),
    endTime: toHrTime(span.endMs),
    duration: toHrTime(span.endMs - span.startMs),
    ended: true,
    status: { code: span.failed ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    attributes: span.attributes,
    links:
      link === undefined ? [] : [{ context: { ...link, traceFlags: TraceFlags.NONE, isRemote: true }, attributes: {} }],
    events: span.events.map(({ name, atMs, attributes }) => ({ name, time: toHrTime(atMs), attributes })),
    resource,
    instrumentationScope: scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function toHrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}

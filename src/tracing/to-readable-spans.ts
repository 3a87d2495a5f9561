import { type HrTime, type SpanContext, SpanKind, SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import { type InstrumentationScope, TraceState } from "@opentelemetry/core";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import type { SpanAttributes } from "../core/tracer.ts";
import type { RecordedTrace, SpanEvent } from "./recorded-trace.ts";

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL } as const;

/** Translates a trace, with its times since 1970, into the form that the exporters of the SDK take. */
export function toReadableSpans(trace: RecordedTrace, resource: Resource, scope: InstrumentationScope): ReadableSpan[] {
  const { traceId, link, droppedSpans } = trace;
  const traceState = trace.state === undefined ? {} : { traceState: new TraceState(trace.state) };
  const contextOf = (spanId: string) => ({ traceId, spanId, traceFlags: TraceFlags.SAMPLED, ...traceState });

  const toReadable = (span: TranslatedSpan): ReadableSpan => {
    const context = contextOf(span.spanId);
    return {
      name: span.name,
      kind: kinds[span.kind ?? "internal"],
      spanContext: () => context,
      ...(span.parentSpanId !== undefined && {
        parentSpanContext: {
          traceId,
          spanId: span.parentSpanId,
          traceFlags: TraceFlags.SAMPLED,
          isRemote: span.isRemote,
        },
      }),
      startTime: toHrTime(span.startMs),
      endTime: toHrTime(span.endMs),
      duration: toHrTime(span.endMs - span.startMs),
      ended: true,
      status: { code: span.failed ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
      attributes: {
        ...span.attributes,
        ...(span.errorType !== undefined && { "error.type": span.errorType }),
      },
      links: span.links.map((linked) => ({ context: linked, attributes: {} })),
      events: span.events?.map(({ name, atMs, attributes }) => ({ name, time: toHrTime(atMs), attributes })) ?? [],
      resource,
      instrumentationScope: scope,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    };
  };

  const work = trace.spans.map(({ description, ...span }) =>
    toReadable({ ...span, ...description, isRemote: false, links: [] }),
  );
  const dropped = droppedSpans > 0 ? { "haven.dropped_spans": droppedSpans } : {};
  const links = link === undefined ? [] : [{ ...link, traceFlags: TraceFlags.NONE, isRemote: true }];
  const first = toReadable({ ...trace, attributes: { ...trace.attributes, ...dropped }, isRemote: true, links });
  return [...work, first];
}

type TranslatedSpan = {
  spanId: string;
  parentSpanId: string | undefined;
  /** Whether the parent is in another process. */
  isRemote: boolean;
  name: string;
  kind?: keyof typeof kinds;
  startMs: number;
  endMs: number;
  failed: boolean;
  errorType: string | undefined;
  attributes?: SpanAttributes;
  events: readonly SpanEvent[] | undefined;
  links: readonly SpanContext[];
};

function toHrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}

import type { SpanAttributes, SpanDescription } from "../core/tracer.ts";

export type SpanEvent = { name: string; atMs: number; attributes: SpanAttributes };

/** A span within a request. The times are in milliseconds of the monotonic clock. */
export type RecordedSpan = {
  spanId: string;
  parentSpanId: string;
  /** Shared by all spans of the same kind of work. */
  description: SpanDescription;
  startMs: number;
  endMs: number;
  failed: boolean;
  errorType: string | undefined;
  events: SpanEvent[] | undefined;
};

/** The first span of a trace in this process, such as that of a request, and the spans of its work. */
export type RecordedTrace = {
  traceId: string;
  spanId: string;
  /** The span of the caller, in another process. */
  parentSpanId: string | undefined;
  state: string | undefined;
  /** The span of an untrusted caller. It becomes a link and not the parent, because a parent decides ids and sampling. */
  link: { traceId: string; spanId: string } | undefined;
  name: string;
  kind: "server" | "client" | "internal";
  attributes: SpanAttributes;
  startMs: number;
  endMs: number;
  failed: boolean;
  errorType: string | undefined;
  events: SpanEvent[] | undefined;
  spans: RecordedSpan[];
  droppedSpans: number;
};

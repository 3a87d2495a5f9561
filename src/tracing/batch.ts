import type { SpanDescription } from "../core/tracer.ts";
import type { RecordedSpan, RecordedTrace } from "./recorded-trace.ts";

// Encodes traces as text, because text is copied to another thread faster than objects. Each description is written once
// for the whole batch, because the text of a statement is longer than everything else in its span.

type EncodedSpan = [
  spanId: string,
  parentSpanId: string,
  description: number,
  startUs: number,
  durationUs: number,
  failed: 0 | 1,
  errorType?: string | undefined,
  events?: RecordedSpan["events"],
];

type EncodedTrace = Omit<RecordedTrace, "spans"> & { spans: EncodedSpan[] };

type Batch = { timeOrigin: number; descriptions: SpanDescription[]; traces: EncodedTrace[] };

export function encodeBatch(traces: readonly RecordedTrace[]): string {
  const descriptions: SpanDescription[] = [];
  const indexes = new Map<SpanDescription, number>();
  const indexOf = (description: SpanDescription): number => {
    const knownIndex = indexes.get(description);
    if (knownIndex !== undefined) return knownIndex;
    indexes.set(description, descriptions.length);
    return descriptions.push(description) - 1;
  };
  const encode = (span: RecordedSpan, startMs: number): EncodedSpan => {
    const { spanId, parentSpanId, description, failed, errorType, events } = span;
    const startUs = Math.round((span.startMs - startMs) * 1000);
    const durationUs = Math.round((span.endMs - span.startMs) * 1000);
    const encoded: EncodedSpan = [spanId, parentSpanId, indexOf(description), startUs, durationUs, failed ? 1 : 0];
    if (failed || events !== undefined) encoded.push(errorType, events);
    return encoded;
  };
  const batch: Batch = {
    timeOrigin: performance.timeOrigin,
    descriptions,
    traces: traces.map((trace) => ({ ...trace, spans: trace.spans.map((span) => encode(span, trace.startMs)) })),
  };
  return JSON.stringify(batch);
}

/** Returns the traces with times in milliseconds since 1970. */
export function decodeBatch(text: string): RecordedTrace[] {
  const { timeOrigin, descriptions, traces } = JSON.parse(text) as Batch;
  const since1970 = <Timed extends { atMs: number }>(events: Timed[] | null | undefined): Timed[] | undefined =>
    events?.map((event) => ({ ...event, atMs: timeOrigin + event.atMs }));
  return traces.map((trace) => {
    const startMs = timeOrigin + trace.startMs;
    const decode = (encoded: EncodedSpan): RecordedSpan => {
      const [spanId, parentSpanId, description, startUs, durationUs, failed, errorType, events] = encoded;
      return {
        spanId,
        parentSpanId,
        description: descriptions[description] ?? { name: "unknown" },
        startMs: startMs + startUs / 1000,
        endMs: startMs + (startUs + durationUs) / 1000,
        failed: failed === 1,
        errorType: errorType ?? undefined,
        events: since1970(events),
      };
    };
    const endMs = timeOrigin + trace.endMs;
    return { ...trace, startMs, endMs, events: since1970(trace.events), spans: trace.spans.map(decode) };
  });
}

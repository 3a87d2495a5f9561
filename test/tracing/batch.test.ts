import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeBatch, encodeBatch } from "../../src/tracing/batch.ts";
import type { RecordedTrace } from "../../src/tracing/recorded-trace.ts";

const select = { name: "postgres SELECT", kind: "client", attributes: { "db.query.text": "SELECT 1" } } as const;
const wait = { name: "wait in a queue" };

const traceOf = (number: number): RecordedTrace => ({
  traceId: `${number}`.repeat(32),
  spanId: `${number}`.repeat(16),
  parentSpanId: undefined,
  state: undefined,
  link: undefined,
  name: "GET /units",
  kind: "server",
  attributes: { "http.response.status_code": 500 },
  failed: true,
  startMs: 1000.25,
  endMs: 1003,
  errorType: "internal",
  events: [{ name: "exception", atMs: 1002, attributes: {} }],
  spans: [select, wait, select].map((description, index) => ({
    spanId: `${index}`.repeat(16),
    parentSpanId: `${number}`.repeat(16),
    description,
    startMs: 1000.5,
    endMs: 1001.75,
    failed: index === 2,
    errorType: index === 2 ? "57014" : undefined,
    events: index === 0 ? [{ name: "retry", atMs: 1001, attributes: { attempt: 1 } }] : undefined,
  })),
  droppedSpans: 1,
});

test("a batch of traces is read as it was written, with times since 1970", () => {
  const traces = [traceOf(1), traceOf(2)];
  const { timeOrigin } = performance;
  const since1970 = <Timed extends { atMs: number }>(events: Timed[] | undefined) =>
    events?.map((event) => ({ ...event, atMs: timeOrigin + event.atMs }));
  const expected = traces.map((trace) => ({
    ...trace,
    startMs: timeOrigin + 1000.25,
    endMs: timeOrigin + 1003,
    events: since1970(trace.events),
    spans: trace.spans.map((span) => ({
      ...span,
      startMs: timeOrigin + 1000.25 + 0.25,
      endMs: timeOrigin + 1000.25 + 1.5,
      events: since1970(span.events),
    })),
  }));
  // A member that is undefined is left out of the text.
  const withoutUndefined = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  assert.deepEqual(withoutUndefined(decodeBatch(encodeBatch(traces))), withoutUndefined(expected));
});

test("the text of a statement is written once for each batch", () => {
  const text = encodeBatch(Array.from({ length: 100 }, () => traceOf(1)));
  assert.equal(text.split("SELECT 1").length - 1, 1);
});

import type { IncomingMessage } from "node:http";
import { AppError } from "../core/app-error.ts";
import { redactError } from "../core/redact-error.ts";
import { activeSpan, type RequestTrace, type SpanAttributes, type Tracer } from "../core/tracer.ts";
import type { Sampler } from "./sampler.ts";
import { formatParent, newSpanId, newTraceId, type RemoteParent, readParent } from "./trace-context.ts";

export type SpanEvent = { name: string; atMs: number; attributes: SpanAttributes };

/** A span with its times in milliseconds since 1970. */
export type RecordedSpan = {
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  /** Whether the parent is in another process. */
  remoteParent: boolean;
  traceState: string | undefined;
  name: string;
  kind: "server" | "client" | "internal";
  startMs: number;
  endMs: number;
  attributes: Record<string, string | number | boolean>;
  events: SpanEvent[];
  link: { traceId: string; spanId: string } | undefined;
  failed: boolean;
};

export type RecorderDeps = {
  sampler: Sampler;
  /** Exports the trace of a request that ended with a 5xx even if the sampler did not select it. */
  keepErrors: boolean;
  trustsPeer(request: IncomingMessage): boolean;
  /** Receives the spans of each request to export. The last span is that of the request. */
  onTrace(spans: readonly RecordedSpan[]): void;
};

/** Limits what a request that never ends, such as an event stream, can keep in memory. */
const maxSpansPerTrace = 300;
const maxEventsPerSpan = 30;

type Trace = { spans: RecordedSpan[]; dropped: number; ended: boolean; sampled: boolean; state: string | undefined };

/** The current span and its trace. `recorded` is undefined if the trace is not recorded. */
type Active = { traceId: string; spanId: string; trace: Trace; recorded: RecordedSpan | undefined };

const isActive = (ids: object | undefined): ids is Active => ids !== undefined && "trace" in ids;
const current = (): Active | undefined => {
  const ids = activeSpan.getStore();
  return isActive(ids) ? ids : undefined;
};

const runAs = <T>(active: Active, work: () => T): T => activeSpan.run(active, work);

const { timeOrigin } = performance;
const nowMs = (): number => timeOrigin + performance.now();

/**
 * Records the spans of requests. They are plain objects until a worker exports them: creating and encoding spans of the
 * SDK on the main thread costs six times as much.
 */
export function createRecorder({ sampler, keepErrors, trustsPeer, onTrace }: RecorderDeps) {
  const tracer: Tracer = {
    async span({ name, kind = "internal", attributes = {} }, work) {
      const parent = current();
      const span = parent && startChild(parent, name, kind, attributes);
      if (parent === undefined || span === undefined) return work();
      try {
        return await runAs({ ...parent, spanId: span.spanId, recorded: span }, work);
      } catch (error) {
        span.failed = true;
        span.attributes["error.type"] = errorType(error);
        throw error;
      } finally {
        span.endMs = nowMs();
        if (!parent.trace.ended) parent.trace.spans.push(span);
      }
    },
    async job({ name, kind = "internal", attributes = {} }, cause, work) {
      const caller = readParent(cause);
      const traceId = newTraceId();
      const sampled = sampler(traceId, caller?.sampled);
      const root = sampled || keepErrors ? startRoot(traceId, undefined, caller) : undefined;
      const spanId = root?.spanId ?? newSpanId();
      const trace: Trace = { spans: [], dropped: 0, ended: false, sampled, state: undefined };
      const fail = (error: unknown) => {
        if (root !== undefined) Object.assign(root, { failed: true });
        failSpan(root, error);
      };
      try {
        return await runAs({ traceId, spanId, trace, recorded: root }, () => work(fail));
      } catch (error) {
        fail(error);
        throw error;
      } finally {
        trace.ended = true;
        if (root !== undefined) {
          Object.assign(root, { name, kind, endMs: nowMs() });
          Object.assign(root.attributes, attributes);
          if (sampled || root.failed) onTrace([...trace.spans, root]);
        }
      }
    },
    event(name, attributes = {}) {
      addEvent(current()?.recorded, name, attributes);
    },
    headers() {
      const active = current();
      if (active === undefined) return {};
      const { traceId, spanId, trace } = active;
      return {
        traceparent: formatParent(traceId, spanId, trace.sampled),
        ...(trace.state !== undefined && { tracestate: trace.state }),
      };
    },
  };

  const startRequest = (request: IncomingMessage, requestId: string): RequestTrace => {
    const { traceparent, tracestate } = request.headers;
    const caller = readParent(traceparent, tracestate);
    const parent = caller !== undefined && trustsPeer(request) ? caller : undefined;
    const traceId = parent?.traceId ?? newTraceId();
    const sampled = sampler(traceId, parent?.sampled);
    const root = sampled || keepErrors ? startRoot(traceId, parent, caller) : undefined;
    const spanId = root?.spanId ?? newSpanId();
    const trace: Trace = { spans: [], dropped: 0, ended: false, sampled, state: parent?.state };
    return {
      traceId,
      spanId,
      sampled,
      traceparent: formatParent(traceId, spanId, sampled),
      run: (work) => runAs({ traceId, spanId, trace, recorded: root }, work),
      fail: (error) => failSpan(root, error),
      end({ name, status, attributes }) {
        if (root === undefined || trace.ended) return;
        trace.ended = true;
        root.endMs = nowMs();
        root.name = name;
        root.failed = status >= 500;
        Object.assign(root.attributes, attributes, {
          "http.response.status_code": status,
          "haven.request_id": requestId,
          ...(trace.dropped > 0 && { "haven.dropped_spans": trace.dropped }),
        });
        if (sampled || root.failed) onTrace([...trace.spans, root]);
        trace.spans = [];
      },
    };
  };

  return { tracer, startRequest };
}

function startRoot(traceId: string, parent: RemoteParent | undefined, caller: RemoteParent | undefined): RecordedSpan {
  return {
    traceId,
    spanId: newSpanId(),
    parentSpanId: parent?.spanId,
    remoteParent: parent !== undefined,
    traceState: parent?.state,
    name: "",
    kind: "server",
    startMs: nowMs(),
    endMs: 0,
    attributes: {},
    events: [],
    // A client could choose the ids and the sampling of our traces, so its trace is only linked.
    link: parent === undefined && caller !== undefined ? { traceId: caller.traceId, spanId: caller.spanId } : undefined,
    failed: false,
  };
}

function startChild(
  { traceId, spanId, trace, recorded }: Active,
  name: string,
  kind: "client" | "internal",
  attributes: SpanAttributes,
): RecordedSpan | undefined {
  if (recorded === undefined || trace.ended) return undefined;
  if (trace.spans.length >= maxSpansPerTrace) {
    trace.dropped += 1;
    return undefined;
  }
  return {
    traceId,
    spanId: newSpanId(),
    parentSpanId: spanId,
    remoteParent: false,
    traceState: trace.state,
    name,
    kind,
    startMs: nowMs(),
    endMs: 0,
    attributes: { ...attributes },
    events: [],
    link: undefined,
    failed: false,
  };
}

function addEvent(span: RecordedSpan | undefined, name: string, attributes: SpanAttributes): void {
  if (span !== undefined && span.events.length < maxEventsPerSpan)
    span.events.push({ name, atMs: nowMs(), attributes });
}

function failSpan(span: RecordedSpan | undefined, error: unknown): void {
  if (span === undefined) return;
  span.attributes["error.type"] = errorType(error);
  addEvent(span, "exception", exceptionAttributes(error));
}

/** The code of the error, because messages of drivers contain values and host names. */
function errorType(error: unknown): string {
  if (error instanceof AppError) return error.code;
  const { type, code } = redactError(error);
  return code ?? type;
}

function exceptionAttributes(error: unknown): SpanAttributes {
  const { message, cause } = redactError(error);
  return {
    "exception.type": errorType(error),
    ...(message !== undefined && { "exception.message": message }),
    ...(cause !== undefined && { "haven.cause": cause.code ?? cause.type }),
  };
}

import type { IncomingMessage } from "node:http";
import { activeSpan, type RequestTrace, type Tracer } from "../core/tracer.ts";
import type { RecordedSpan, RecordedTrace } from "./recorded-trace.ts";
import type { Sampler } from "./sampler.ts";
import { formatParent, newTraceId, readParent } from "./trace-context.ts";
import { type Active, errorTypeOf, TraceInProgress } from "./trace-in-progress.ts";

export type RecorderDeps = {
  sampler: Sampler;
  /** Exports the trace of a request that ended with a 5xx even if the sampler did not select it. */
  keepErrors: boolean;
  trustsPeer(request: IncomingMessage): boolean;
  /** Receives each trace to export. */
  onTrace(trace: RecordedTrace): void;
};

const isActive = (ids: object | undefined): ids is Active => ids !== undefined && "trace" in ids;
const current = (): Active | undefined => {
  const ids = activeSpan.getStore();
  return isActive(ids) ? ids : undefined;
};

/**
 * Records the spans of requests. They are plain objects that refer to shared descriptions, until a worker translates and
 * exports them: creating and encoding spans of the SDK on the main thread costs six times as much.
 */
export function createRecorder({ sampler, keepErrors, trustsPeer, onTrace }: RecorderDeps) {
  const tracer: Tracer = {
    span(description, work) {
      const parent = current();
      const span = parent?.trace.startSpan(parent.spanId, description);
      if (parent === undefined || span === undefined) return work();
      const { traceId, trace } = parent;
      const active: Active = { traceId, spanId: span.spanId, trace, span };
      return endSpanAfter(span, trace, activeSpan.run(active, work));
    },
    leaf(description, work) {
      const parent = current();
      const span = parent?.trace.startSpan(parent.spanId, description);
      return parent === undefined || span === undefined ? work() : endSpanAfter(span, parent.trace, work());
    },
    async job({ name, kind = "internal", attributes = {} }, cause, work) {
      const caller = readParent(cause);
      const traceId = newTraceId();
      const sampled = sampler(traceId, caller?.sampled);
      const trace = new TraceInProgress(
        { traceId, sampled, isRecorded: sampled || keepErrors, requestId: "", parent: undefined, caller },
        onTrace,
      );
      let failed = false;
      const fail = (error: unknown) => {
        failed = true;
        trace.fail(error);
      };
      try {
        return await activeSpan.run(trace, () => work(fail));
      } catch (error) {
        fail(error);
        throw error;
      } finally {
        trace.finish({ name, kind, attributes, failed });
      }
    },
    event(name, attributes = {}) {
      const active = current();
      active?.trace.addEvent(active.span, name, attributes);
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
    const caller = traceparent === undefined ? undefined : readParent(traceparent, tracestate);
    const parent = caller !== undefined && trustsPeer(request) ? caller : undefined;
    const traceId = parent?.traceId ?? newTraceId();
    const sampled = sampler(traceId, parent?.sampled);
    const isRecorded = sampled || keepErrors;
    return new TraceInProgress({ traceId, sampled, isRecorded, requestId, parent, caller }, onTrace);
  };

  return { tracer, startRequest };
}

async function endSpanAfter<T>(span: RecordedSpan, trace: TraceInProgress, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    span.failed = true;
    span.errorType = errorTypeOf(error);
    throw error;
  } finally {
    trace.endSpan(span);
  }
}

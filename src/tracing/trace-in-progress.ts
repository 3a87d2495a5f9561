import { AppError } from "../core/errors/app-error.ts";
import { redactError } from "../core/errors/redact-error.ts";
import {
  activeSpan,
  type RequestResult,
  type RequestTrace,
  type SpanAttributes,
  type SpanDescription,
  type TraceIds,
} from "../core/tracer.ts";
import type { RecordedSpan, RecordedTrace } from "./recorded-trace.ts";
import { formatParent, newSpanId, type RemoteParent } from "./trace-context.ts";

/** Limits what a request that never ends, such as an event stream, can keep in memory. */
const maxSpansPerTrace = 300;
const maxEventsPerSpan = 30;

/** The current span and its trace. */
export type Active = TraceIds & {
  readonly trace: TraceInProgress;
  /** Undefined for the span of the request itself. */
  readonly span: RecordedSpan | undefined;
};

const noAttributes: SpanAttributes = {};

/** Receives each trace to export. */
export type OnTrace = (trace: RecordedTrace) => void;

type TraceStart = {
  traceId: string;
  sampled: boolean;
  isRecorded: boolean;
  requestId: string;
  /** The caller, if it is trusted. */
  parent: RemoteParent | undefined;
  caller: RemoteParent | undefined;
};

/** A class because an object literal with these members allocates three closures per request. */
export class TraceInProgress implements RequestTrace, Active {
  readonly trace = this;
  readonly span = undefined;
  readonly traceId: string;
  readonly spanId = newSpanId();
  readonly sampled: boolean;
  readonly state: string | undefined;
  /** Undefined if the trace is not recorded, and once it has ended. */
  #record: RecordedTrace | undefined;
  readonly #requestId: string;
  readonly #onTrace: OnTrace;

  constructor({ traceId, sampled, isRecorded, requestId, parent, caller }: TraceStart, onTrace: OnTrace) {
    this.traceId = traceId;
    this.sampled = sampled;
    this.state = parent?.state;
    this.#requestId = requestId;
    this.#onTrace = onTrace;
    if (!isRecorded) return;
    this.#record = {
      traceId,
      spanId: this.spanId,
      parentSpanId: parent?.spanId,
      state: parent?.state,
      link:
        parent === undefined && caller !== undefined ? { traceId: caller.traceId, spanId: caller.spanId } : undefined,
      name: "",
      kind: "internal",
      attributes: noAttributes,
      startMs: performance.now(),
      endMs: 0,
      failed: false,
      errorType: undefined,
      events: undefined,
      spans: [],
      droppedSpans: 0,
    };
  }

  get traceparent(): string {
    return formatParent(this.traceId, this.spanId, this.sampled);
  }

  run(work: () => void): void {
    activeSpan.run(this, work);
  }

  startSpan(parentSpanId: string, description: SpanDescription): RecordedSpan | undefined {
    if (this.#record === undefined) return undefined;
    if (this.#record.spans.length >= maxSpansPerTrace) {
      this.#record.droppedSpans += 1;
      return undefined;
    }
    return {
      spanId: newSpanId(),
      parentSpanId,
      description,
      startMs: performance.now(),
      endMs: 0,
      failed: false,
      errorType: undefined,
      events: undefined,
    };
  }

  endSpan(span: RecordedSpan): void {
    span.endMs = performance.now();
    this.#record?.spans.push(span);
  }

  addEvent(span: RecordedSpan | undefined, name: string, attributes: SpanAttributes): void {
    const target = this.#record && (span ?? this.#record);
    if (target === undefined) return;
    target.events ??= [];
    if (target.events.length < maxEventsPerSpan) target.events.push({ name, atMs: performance.now(), attributes });
  }

  fail(error: unknown): void {
    if (this.#record === undefined) return;
    this.#record.errorType = errorTypeOf(error);
    this.addEvent(undefined, "exception", exceptionAttributes(error));
  }

  end({ method, route, status }: RequestResult): void {
    if (this.#record === undefined) return;
    this.finish({
      name: `${method} ${route}`,
      kind: "server",
      attributes: {
        "http.request.method": method,
        "http.route": route,
        "http.response.status_code": status,
        "haven.request_id": this.#requestId,
      },
      failed: status >= 500,
    });
  }

  finish({ name, kind, attributes, failed }: Pick<RecordedTrace, "name" | "kind" | "attributes" | "failed">): void {
    const record = this.#record;
    // Frees the memory of the record, because connections that the work has opened keep this object.
    this.#record = undefined;
    if (record === undefined || !(this.sampled || failed)) return;
    record.endMs = performance.now();
    record.name = name;
    record.kind = kind;
    record.attributes = attributes;
    record.failed = failed;
    this.#onTrace(record);
  }
}

/** Returns the code of the error and not its message, because messages of drivers contain values and host names. */
export function errorTypeOf(error: unknown): string {
  if (error instanceof AppError) return error.code;
  const { type, code } = redactError(error);
  return code ?? type;
}

function exceptionAttributes(error: unknown): SpanAttributes {
  const { message, cause } = redactError(error);
  return {
    "exception.type": errorTypeOf(error),
    ...(message !== undefined && { "exception.message": message }),
    ...(cause !== undefined && { "haven.cause": cause.code ?? cause.type }),
  };
}

import { AsyncLocalStorage } from "node:async_hooks";
import type { IncomingMessage } from "node:http";

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export type SpanDescription = {
  name: string;
  /** `client`: a call to another system; `internal` unless set. */
  kind?: "client" | "internal";
  /** Must not contain values that a client sent, nor secrets: traces are read by more people than the database. */
  attributes?: SpanAttributes;
};

/** Records the work of the server as spans and events. Outside a traced request every method does nothing. */
export type Tracer = {
  /** Runs the work as a span of the current request. */
  span<T>(description: SpanDescription, work: () => Promise<T>): Promise<T>;
  /** Like `span`, for work that has no spans, events or log lines of its own. It costs a third of `span`. */
  leaf<T>(description: SpanDescription, work: () => Promise<T>): Promise<T>;
  /**
   * Runs work outside a request as a trace of its own. The trace links to the span that caused the work: `cause` is its
   * `traceparent`. `fail` records an error that the work handles itself.
   */
  job<T>(
    description: SpanDescription,
    cause: string | undefined,
    work: (fail: (error: unknown) => void) => Promise<T>,
  ): Promise<T>;
  /** Adds an event to the current span. */
  event(name: string, attributes?: SpanAttributes): void;
  /** The headers that continue the trace in an outgoing call. */
  headers(): Readonly<Record<string, string>>;
};

export type RequestResult = { method: string; route: string; status: number };

/** The trace of one request. It ends when the response has ended. */
export type RequestTrace = {
  readonly traceId: string;
  readonly spanId: string;
  /** Whether the trace is exported, whatever the outcome of the request. */
  readonly sampled: boolean;
  /** In the form of the W3C Trace Context, for the response. */
  readonly traceparent: string;
  /** Runs the work of the request, so that spans and log lines belong to the trace. */
  run(work: () => void): void;
  /** Records the error that the response reports. */
  fail(error: unknown): void;
  end(result: RequestResult): void;
};

export type StartRequestTrace = (request: IncomingMessage, requestId: string) => RequestTrace | undefined;

export const noTracer: Tracer = {
  span: (_description, work) => work(),
  leaf: (_description, work) => work(),
  job: (_description, _cause, work) => work(() => undefined),
  event: () => undefined,
  headers: () => ({}),
};

export type TraceIds = { readonly traceId: string; readonly spanId: string };

/** The current span, which the log lines name. It is never set while tracing is off. */
export const activeSpan = new AsyncLocalStorage<TraceIds>();

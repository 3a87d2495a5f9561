import type { IncomingMessage } from "node:http";
import { AppError } from "../../core/errors/app-error.ts";
import { isRequestId, newRequestId } from "../../core/ids.ts";
import type { ByteBudget } from "../../core/limits/byte-budget.ts";
import type { RequestTrace } from "../../core/tracer.ts";
import type { Trust } from "./proxy-trust.ts";

/** The data of one request that middleware, handlers and logs share. */
export type RequestContext = {
  readonly id: string;
  readonly startedAt: number;
  /** The path as received, without the query. Routers change `request.url`. */
  readonly path: string;
  /** The template of the route, such as `/units/{unitId}`, for metrics and logs. */
  route: string;
  userId?: string;
  /** Undefined while traces are off. */
  trace?: RequestTrace;
  /** Set for streams. */
  hasNoDeadline: boolean;
  /** Limits the memory that the bodies of all requests use together. */
  readonly bodyBudget: ByteBudget;
  /** Requests the body from a client that sent `Expect: 100-continue`. Called before the body is read. */
  sendContinue(): void;
  /** Aborted when the deadline passes or the client disconnects. Pass it to all work done for this request. */
  readonly signal: AbortSignal;
  abort(reason: Error): void;
};

declare module "node:http" {
  interface IncomingMessage {
    context: RequestContext;
  }
}

export function createContext(
  id: string,
  url: string,
  bodyBudget: ByteBudget,
  sendContinue?: () => void,
): RequestContext {
  return new Context(id, url, bodyBudget, sendContinue);
}

/** A class because an object literal with these members allocates three closures per request. */
class Context implements RequestContext {
  readonly id: string;
  readonly path: string;
  readonly bodyBudget: ByteBudget;
  readonly startedAt = performance.now();
  route = "unknown";
  hasNoDeadline = false;
  userId?: string;
  trace?: RequestTrace;
  #controller: AbortController | undefined;
  #aborted: Error | undefined;
  #sendContinue: (() => void) | undefined;

  constructor(id: string, url: string, bodyBudget: ByteBudget, sendContinue: (() => void) | undefined) {
    this.id = id;
    this.bodyBudget = bodyBudget;
    this.path = pathOf(url);
    this.#sendContinue = sendContinue;
  }

  sendContinue(): void {
    this.#sendContinue?.();
    this.#sendContinue = undefined;
  }

  /** Created on first use: most requests never need it. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#aborted) this.#controller.abort(this.#aborted);
    return this.#controller.signal;
  }

  abort(reason: Error): void {
    this.#aborted ??= reason;
    this.#controller?.abort(reason);
  }
}

function pathOf(url: string): string {
  const query = url.indexOf("?");
  return (query === -1 ? url : url.slice(0, query)).slice(0, 500);
}

/** Returns the request id that a trusted proxy has sent, or a new request id. */
export function requestIdOf(request: IncomingMessage, trust: Pick<Trust, "trustsPeer">): string {
  const received = request.headers["x-request-id"];
  return typeof received === "string" && isRequestId(received) && trust.trustsPeer(request.socket)
    ? received
    : newRequestId();
}

export const clientDisconnected = new AppError("bad_request", "The client disconnected.");

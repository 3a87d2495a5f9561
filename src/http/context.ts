import type { ByteBudget } from "../core/byte-budget.ts";

/** What is known about one request on its way through the house. */
export type RequestContext = {
  readonly id: string;
  readonly startedAt: number;
  /** Without the query, and as it came: routers shorten the request's own. */
  readonly path: string;
  /** The template of the route, for metrics and the log: never the path itself. */
  route: string;
  userId?: string;
  /** A stream has no deadline. */
  endless: boolean;
  /** Memory for bodies, shared by all requests. */
  readonly bodyBudget: ByteBudget;
  /** Asks a client that sent `Expect: 100-continue` for the body; called once, before the body is read. */
  sendContinue(): void;
  /** Aborted when the deadline passes or the client goes away: pass it on to whatever works for this request. */
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

/** A class for its cost: an object literal with a getter makes three closures for every request. */
class Context implements RequestContext {
  readonly id: string;
  readonly path: string;
  readonly bodyBudget: ByteBudget;
  readonly startedAt = performance.now();
  route = "unknown";
  endless = false;
  userId?: string;
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

  /** Made on first use: most requests never ask for it. */
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

import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import { AppError } from "../../core/errors/app-error.ts";
import { guard } from "../guard-callback.ts";
import type { Connections } from "../lifecycle/connections.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export type AppListenerDeps = {
  /** Returns false if the request is for the app. */
  answer(request: IncomingMessage, response: ServerResponse): boolean;
  connections: Pick<Connections, "begin" | "isClosing">;
  /** Returns false while the event loop is saturated. */
  admits(): boolean;
  reject(response: ServerResponse, error: AppError): void;
  observe(method: string, route: string, status: number, seconds: number): void;
  routeOf?: (request: IncomingMessage) => string;
};

const retryAfterSeconds = 2;
/** The status that NGINX logs for a client that disconnected before the response. */
const clientClosedRequest = 499;
const unnamedRoute = "other";
/** Node emits one of these events for each request. It emits the last two only if the app listens to them. */
const requestEvents = ["request", "checkContinue", "checkExpectation"];

/** Runs before the app: it answers probes, rejects requests during an overload, and passes all others to the app. */
export function createAppListener(deps: AppListenerDeps) {
  const { answer, connections, admits, reject, observe } = deps;
  const attached = new WeakSet<Server>();
  const names = new WeakMap<IncomingMessage, string>();
  const routeOf = deps.routeOf ?? ((request) => names.get(request) ?? expressRoute(request) ?? unnamedRoute);

  const wrap =
    (app: Handler): RequestListener =>
    (request, response) => {
      if (connections.isClosing()) response.shouldKeepAlive = false;
      if (answer(request, response)) return;
      const startedAt = performance.now();
      connections.begin(request, response);
      response.on("close", () => {
        const status = response.writableFinished ? response.statusCode : clientClosedRequest;
        const route = guard("routeOf", () => routeOf(request)) ?? unnamedRoute;
        observe(request.method ?? "", route, status, (performance.now() - startedAt) / 1000);
      });
      if (admits()) app(request, response);
      else reject(response, new AppError("overloaded", "Retry in a moment.", { retryAfterSeconds }));
    };

  return {
    wrap,
    /** Runs the kit before all request listeners of the server, also before those that the app adds later. */
    attach(server: Server): void {
      if (attached.has(server)) return;
      attached.add(server);
      const emit: (event: string, ...args: unknown[]) => boolean = server.emit.bind(server);
      const listeners = new Map(
        requestEvents.map((event) => [
          event,
          wrap((request, response) => {
            if (!emit(event, request, response)) reject(response, new AppError("not_found", "No app is listening."));
          }),
        ]),
      );
      const emitAfterKit = (event: string, ...args: unknown[]): boolean => {
        const [request, response] = args;
        const listener = listeners.get(event);
        if (listener === undefined) return emit(event, ...args);
        listener(request as IncomingMessage, response as ServerResponse & { req: IncomingMessage });
        return true;
      };
      Object.defineProperty(server, "emit", { value: emitAfterKit, configurable: true, writable: true });
    },
    nameRoute(request: IncomingMessage, route: string | undefined): void {
      if (route !== undefined) names.set(request, route);
    },
  };
}

/** Returns the route pattern that Express sets on the request of Node. Regular expressions and lists are not returned. */
function expressRoute(request: IncomingMessage & { route?: { path?: unknown }; baseUrl?: string }): string | undefined {
  const path = request.route?.path;
  return typeof path === "string" ? `${request.baseUrl ?? ""}${path}` : undefined;
}

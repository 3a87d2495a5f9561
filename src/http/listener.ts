import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Express } from "express";
import { AppError } from "../core/app-error.ts";
import { isRequestId, newRequestId } from "../core/ids.ts";
import type { Connections } from "../lifecycle/connections.ts";
import { createContext } from "./context.ts";
import { expressPrototypes } from "./express-prototypes.ts";
import { rawProblem, sendProblem } from "./problem.ts";
import { assertReadableUrl, framingFault } from "./request-guard.ts";
import type { Trust } from "./trust.ts";
import { createTurnstile } from "./turnstile.ts";

export type ListenerLimits = { requestTimeoutMs: number; headersTimeoutMs: number; keepAliveTimeoutMs: number };

export type ListenerDeps = {
  /** Answers a probe or an operator's question and says so; everything else goes on to the app. */
  answerOps(request: IncomingMessage, response: ServerResponse): boolean;
  app: Express;
  admits(): boolean;
  onFinished(request: IncomingMessage, response: ServerResponse): void;
  connections: Connections;
  trust: Trust;
  limits: ListenerLimits;
  securityHeaders: ReadonlyMap<string, string>;
};

/** The server in front of Express: probes first, then what every other request has in common, then the app. */
export function createListener(deps: ListenerDeps): Server {
  const { connections, limits, trust } = deps;
  const server = createServer({
    ...expressPrototypes(deps.app),
    requestTimeout: Math.max(limits.requestTimeoutMs, limits.headersTimeoutMs),
    headersTimeout: limits.headersTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(1000, limits.headersTimeoutMs / 4),
    maxHeaderSize: 16 * 1024,
  });
  const turnstile = createTurnstile();
  const latestRequest = new WeakMap<Socket, IncomingMessage>();
  connections.watch(server);
  server.on("clientError", (error: Error & { code?: string }, socket) => {
    const client = socket as Socket;
    // A request that has its answer, or is about to get it, must not get a second one for its unfinished body.
    const answered = connections.isBusy(client) || latestRequest.get(client)?.complete === false;
    if (answered || !client.writable || error.code === "ECONNRESET") client.destroy();
    else answerBrokenRequest(error, client);
  });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    latestRequest.set(request.socket, request);
    const fault = framingFault(request);
    if (fault !== undefined || connections.isClosing()) response.shouldKeepAlive = false;
    if (request.url?.startsWith("http")) request.url = originForm(request.url);
    if (fault === undefined && deps.answerOps(request, response)) return;
    connections.begin(request, response);
    request.context = createContext(requestId(request, trust), request.url ?? "");
    response.on("close", () => {
      if (!response.writableFinished) request.context.abort(clientWentAway);
      deps.onFinished(request, response);
    });
    for (const [name, value] of deps.securityHeaders) response.setHeader(name, value);
    response.setHeader("X-Request-Id", request.context.id);
    try {
      if (fault !== undefined) throw new AppError("bad_request", fault);
      assertReadableUrl(request.url ?? "");
      if (!deps.admits()) throw new AppError("overloaded", "Try again in a moment.", { retryAfterSeconds: 2 });
    } catch (error) {
      sendProblem(response, error, request.context.id);
      return;
    }
    turnstile.pass(() => {
      if (!response.writableEnded) deps.app(request, response);
    });
  });
  return server;
}

const clientWentAway = new AppError("bad_request", "The client went away.");

/** A proxy may name the whole address (RFC 9112, 3.2.2); what counts here is what comes after the host. */
function originForm(url: string): string {
  return /^https?:\/\/[^/?]*(.*)$/s.exec(url)?.[1] || "/";
}

function requestId(request: IncomingMessage, trust: Trust): string {
  const given = request.headers["x-request-id"];
  return typeof given === "string" && isRequestId(given) && trust.trustsPeer(request.socket) ? given : newRequestId();
}

function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  const [status, detail] = brokenRequests[error.code ?? ""] ?? [400, "This is not a valid HTTP request."];
  socket.end(rawProblem(status, detail), () => socket.destroy());
}

const brokenRequests: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, "The headers are larger than 16 KiB."],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, "The chunk extensions are too large."],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "The request was not complete in time."],
};

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Express } from "express";
import { AppError } from "../core/app-error.ts";
import { newRequestId } from "../core/ids.ts";
import type { Connections } from "../lifecycle/connections.ts";
import { createContext } from "./context.ts";
import { expressPrototypes } from "./express-prototypes.ts";
import { rawProblem, sendProblem } from "./problem.ts";
import { assertReadableUrl, framingFault } from "./request-guard.ts";
import { requestIdOf } from "./request-id.ts";
import type { Trust } from "./trust.ts";
import { createTurnstile } from "./turnstile.ts";

export type ListenerLimits = { requestTimeoutMs: number; headersTimeoutMs: number; keepAliveTimeoutMs: number };

export type ListenerDeps = {
  /** Answers a probe or an operator's question and says so; everything else goes on to the app. */
  answerOps(request: IncomingMessage, response: ServerResponse): boolean;
  app: Express;
  admits(): boolean;
  onFinished(request: IncomingMessage, response: ServerResponse): void;
  /** What came was no request, and was answered all the same. */
  onBroken(broken: { requestId: string; status: number; address: string | undefined }): void;
  connections: Connections;
  trust: Trust;
  limits: ListenerLimits;
  securityHeaders: ReadonlyMap<string, string>;
};

/** The server in front of Express: probes first, then what every other request has in common, then the app. */
export function createListener(deps: ListenerDeps): Server {
  const { connections, limits, trust, securityHeaders } = deps;
  const server = createServer({
    ...expressPrototypes(deps.app),
    requestTimeout: Math.max(limits.requestTimeoutMs, limits.headersTimeoutMs),
    headersTimeout: limits.headersTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(1000, limits.headersTimeoutMs / 4),
    maxHeaderSize: 16 * 1024,
    // Refused here, with words.
    requireHostHeader: false,
  });
  const turnstile = createTurnstile();
  const latest = new WeakMap<Socket, ServerResponse>();
  connections.watch(server);
  server.on("clientError", (error: Error & { code?: string }, socket) => {
    const client = socket as Socket;
    const response = latest.get(client);
    const [status, detail] = brokenRequests[error.code ?? ""] ?? [400, "This is not a valid HTTP request."];
    if (!client.writable || error.code === "ECONNRESET") client.destroy();
    else if (response?.req.complete === false) {
      // A request that has its answer, or part of it, must not get a second one for its unfinished body. An operator's
      // question is none that a body belongs to, and has no context.
      if (response.headersSent || !("context" in response.req)) client.destroy();
      else giveUp(response, detail);
    } else if (connections.isBusy(client)) client.destroy();
    else {
      const requestId = newRequestId();
      client.end(rawProblem({ status, detail, requestId, securityHeaders }), () => client.destroy());
      deps.onBroken({ requestId, status, address: client.remoteAddress });
    }
  });
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    latest.set(request.socket, response);
    const fault = framingFault(request);
    if (fault !== undefined || connections.isClosing()) response.shouldKeepAlive = false;
    if (request.url?.startsWith("http")) request.url = originForm(request.url);
    if (fault === undefined && deps.answerOps(request, response)) return;
    connections.begin(request, response);
    request.context = createContext(requestIdOf(request, trust), request.url ?? "");
    response.on("close", () => {
      if (!response.writableFinished) request.context.abort(clientWentAway);
      deps.onFinished(request, response);
    });
    for (const [name, value] of securityHeaders) response.setHeader(name, value);
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
  };
  server.on("request", onRequest);
  // Whatever a client expects beside "100-continue", it gets an answer.
  server.on("checkExpectation", onRequest);
  return server;
}

const clientWentAway = new AppError("bad_request", "The client went away.");

/** A proxy may name the whole address (RFC 9112, 3.2.2); what counts here is what comes after the host. */
function originForm(url: string): string {
  return /^https?:\/\/[^/?]*(.*)$/s.exec(url)?.[1] || "/";
}

/** The rest of its body will never come. */
function giveUp(response: ServerResponse<IncomingMessage>, detail: string): void {
  const error = new AppError("bad_request", detail);
  response.shouldKeepAlive = false;
  response.req.context.abort(error);
  sendProblem(response, error, response.req.context.id);
}

const brokenRequests: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, "The headers are larger than 16 KiB."],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, "The chunk extensions are too large."],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "The request was not complete in time."],
};

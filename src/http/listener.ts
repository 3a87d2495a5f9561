import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Express } from "express";
import { maxBufferedBodyBytes } from "../config/memory-budget.ts";
import { AppError, type ErrorCode } from "../core/app-error.ts";
import { createByteBudget } from "../core/byte-budget.ts";
import { newRequestId } from "../core/ids.ts";
import type { Connections } from "../kit/lifecycle/connections.ts";
import { createContext } from "./context.ts";
import { createBodyDiscarder } from "./discard-unread-body.ts";
import { expressPrototypes } from "./express-prototypes.ts";
import { createPipeliningLimit } from "./pipelining-limit.ts";
import { problemKinds, rawProblem, sendProblem } from "./problem.ts";
import { announcesBody, assertReadableUrl, framingFault } from "./request-guard.ts";
import { requestIdOf } from "./request-id.ts";
import { createRequestPacer } from "./request-pacer.ts";
import type { Trust } from "./trust.ts";

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
  const pacer = createRequestPacer();
  const bodyDiscarder = createBodyDiscarder();
  const pipelining = createPipeliningLimit();
  const bodyBudget = createByteBudget({ maxBytes: maxBufferedBodyBytes, onRejected: tooManyBodies });
  const latest = new WeakMap<Socket, ServerResponse>();
  connections.watch(server);
  // Node keeps the address once it was read; a connection that has closed has none left for the log.
  server.on("connection", (socket: Socket) => socket.remoteAddress);
  server.on("clientError", (error: Error & { code?: string }, socket) => {
    const client = socket as Socket;
    const response = latest.get(client);
    const [code, detail] = brokenRequests[error.code ?? ""] ?? ["bad_request", "This is not a valid HTTP request."];
    if (!client.writable || error.code === "ECONNRESET") client.destroy();
    else if (response?.req.complete === false) {
      // A request that has its answer, or part of it, must not get a second one for its unfinished body. An operator's
      // question is none that a body belongs to, and has no context.
      if (response.headersSent || !("context" in response.req)) client.destroy();
      else giveUp(response, detail);
    } else if (connections.isBusy(client)) client.destroy();
    else {
      const requestId = newRequestId();
      client.end(rawProblem({ code, detail, requestId, securityHeaders }), () => client.destroy());
      deps.onBroken({ requestId, status: problemKinds[code].status, address: client.remoteAddress });
    }
  });
  const onRequest = (request: IncomingMessage, response: ServerResponse, sendContinue?: () => void) => {
    const { socket } = request;
    if (bodyDiscarder.isClosing(socket)) {
      socket.destroy();
      return;
    }
    latest.set(socket, response);
    const isPipelinedTooFar = pipelining.exceeds(socket);
    const fault = isPipelinedTooFar
      ? "Too many requests were sent without waiting for an answer."
      : framingFault(request);
    if (fault !== undefined || connections.isClosing()) response.shouldKeepAlive = false;
    if (request.url?.startsWith("http")) request.url = originForm(request.url);
    if (announcesBody(request)) bodyDiscarder.watch(request, response);
    if (fault === undefined && deps.answerOps(request, response)) return;
    connections.begin(request, response);
    request.context = createContext(requestIdOf(request, trust), request.url ?? "", bodyBudget, sendContinue);
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
    pacer.run(() => {
      if (!response.writableEnded) deps.app(request, response);
    });
  };
  server.on("request", (request, response) => onRequest(request, response));
  // A client that asks before it sends its body may get its answer without sending it. Then the connection has to close:
  // what comes next could be that body or another request.
  server.on("checkContinue", (request, response) => {
    const keepAlive = response.shouldKeepAlive;
    response.shouldKeepAlive = false;
    onRequest(request, response, () => {
      response.shouldKeepAlive = keepAlive && !connections.isClosing();
      response.writeContinue();
    });
  });
  // Any other expectation is ignored, and the request is answered.
  server.on("checkExpectation", (request, response) => onRequest(request, response));
  server.on("connect", (request, socket) => {
    // An answer to it would be taken for the answer to a request before it.
    if (connections.isBusy(request.socket)) {
      socket.destroy();
      return;
    }
    const requestId = newRequestId();
    const detail = "CONNECT is not supported.";
    socket.on("error", () => socket.destroy());
    socket.end(rawProblem({ code: "method_not_allowed", detail, requestId, securityHeaders }), () => socket.destroy());
    deps.onBroken({ requestId, status: 405, address: request.socket.remoteAddress });
  });
  return server;
}

const tooManyBodies = () =>
  new AppError("overloaded", "Too many large requests are being read at once.", { retryAfterSeconds: 1 });

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

const brokenRequests: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  HPE_HEADER_OVERFLOW: ["headers_too_large", "The headers are larger than 16 KiB."],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ["payload_too_large", "The chunk extensions are too large."],
  ERR_HTTP_REQUEST_TIMEOUT: ["request_timeout", "The request was not complete in time."],
};

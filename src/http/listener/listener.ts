import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Express } from "express";
import { maxBufferedBodyBytes } from "../../config/memory-budget.ts";
import { AppError, type ErrorCode } from "../../core/app-error.ts";
import { createByteBudget } from "../../core/byte-budget.ts";
import { isRequestId, newRequestId } from "../../core/ids.ts";
import type { Connections } from "../../kit/lifecycle/connections.ts";
import { problemKinds, rawProblem, sendProblem } from "../problem.ts";
import { createBodyDiscarder } from "./discard-unread-body.ts";
import { expressPrototypes } from "./express-prototypes.ts";
import { createPipeliningLimit } from "./pipelining-limit.ts";
import type { Trust } from "./proxy-trust.ts";
import { createContext } from "./request-context.ts";
import { announcesBody, assertReadableUrl, framingError } from "./request-guard.ts";
import { createRequestPacer } from "./request-pacer.ts";

export type ListenerLimits = { requestTimeoutMs: number; headersTimeoutMs: number; keepAliveTimeoutMs: number };

export type ListenerDeps = {
  /** Answers probes and operator endpoints. Returns false for every other request, which then goes to the app. */
  answerOps(request: IncomingMessage, response: ServerResponse): boolean;
  app: Express;
  admits(): boolean;
  onFinished(request: IncomingMessage, response: ServerResponse): void;
  /** Called for a malformed request, which never reaches `onFinished`. */
  onMalformed(rejected: { requestId: string; status: number; address: string | undefined }): void;
  connections: Connections;
  trust: Trust;
  limits: ListenerLimits;
  securityHeaders: ReadonlyMap<string, string>;
};

/** The HTTP server: answers probes first, then prepares and checks every other request, then calls the Express app. */
export function createListener(deps: ListenerDeps): Server {
  const { connections, limits, trust, securityHeaders } = deps;
  const server = createServer({
    ...expressPrototypes(deps.app),
    requestTimeout: Math.max(limits.requestTimeoutMs, limits.headersTimeoutMs),
    headersTimeout: limits.headersTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(1000, limits.headersTimeoutMs / 4),
    maxHeaderSize: 16 * 1024,
    // Rejected by `framingError` instead, with a problem.
    requireHostHeader: false,
  });
  const pacer = createRequestPacer();
  const bodyDiscarder = createBodyDiscarder();
  const pipelining = createPipeliningLimit();
  const bodyBudget = createByteBudget({ maxBytes: maxBufferedBodyBytes, onRejected: tooManyBodies });
  const latest = new WeakMap<Socket, ServerResponse>();
  connections.watch(server);
  // Reading the address makes Node keep it: after the connection has closed, the log could not read it any more.
  server.on("connection", (socket: Socket) => socket.remoteAddress);
  server.on("clientError", (error: Error & { code?: string }, socket) => {
    const client = socket as Socket;
    const response = latest.get(client);
    const [code, detail] = parserErrors[error.code ?? ""] ?? ["bad_request", "This is not a valid HTTP request."];
    if (!client.writable || error.code === "ECONNRESET") client.destroy();
    else if (response?.req.complete === false) {
      // A response that has begun must not be followed by a second one for the unfinished body. Requests for probes and
      // operator endpoints have no context.
      if (response.headersSent || !("context" in response.req)) client.destroy();
      else failIncomplete(response, detail);
    } else if (connections.isBusy(client)) client.destroy();
    else {
      const requestId = newRequestId();
      client.end(rawProblem({ code, detail, requestId, securityHeaders }), () => client.destroy());
      deps.onMalformed({ requestId, status: problemKinds[code].status, address: client.remoteAddress });
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
    const fault = isPipelinedTooFar ? "Too many pipelined requests: wait for responses." : framingError(request);
    if (fault !== undefined || connections.isClosing()) response.shouldKeepAlive = false;
    if (request.url?.startsWith("http")) request.url = originForm(request.url);
    if (announcesBody(request)) bodyDiscarder.watch(request, response);
    if (fault === undefined && deps.answerOps(request, response)) return;
    connections.begin(request, response);
    request.context = createContext(requestIdOf(request, trust), request.url ?? "", bodyBudget, sendContinue);
    response.on("close", () => {
      if (!response.writableFinished) request.context.abort(clientDisconnected);
      deps.onFinished(request, response);
    });
    for (const [name, value] of securityHeaders) response.setHeader(name, value);
    response.setHeader("X-Request-Id", request.context.id);
    try {
      if (fault !== undefined) throw new AppError("bad_request", fault);
      assertReadableUrl(request.url ?? "");
      if (!deps.admits()) throw new AppError("overloaded", "Retry in a moment.", { retryAfterSeconds: 2 });
    } catch (error) {
      sendProblem(response, error, request.context.id);
      return;
    }
    pacer.run(() => {
      if (!response.writableEnded) deps.app(request, response);
    });
  };
  server.on("request", (request, response) => onRequest(request, response));
  // With `Expect: 100-continue` a client may receive its response before it has sent the body. The connection then has
  // to close, because the next bytes could be that body or another request.
  server.on("checkContinue", (request, response) => {
    const keepAlive = response.shouldKeepAlive;
    response.shouldKeepAlive = false;
    onRequest(request, response, () => {
      response.shouldKeepAlive = keepAlive && !connections.isClosing();
      response.writeContinue();
    });
  });
  // Other expectations are ignored.
  server.on("checkExpectation", (request, response) => onRequest(request, response));
  server.on("connect", (request, socket) => {
    // The client would take this response for the response to an earlier request.
    if (connections.isBusy(request.socket)) {
      socket.destroy();
      return;
    }
    const requestId = newRequestId();
    const detail = "CONNECT is not supported.";
    socket.on("error", () => socket.destroy());
    socket.end(rawProblem({ code: "method_not_allowed", detail, requestId, securityHeaders }), () => socket.destroy());
    deps.onMalformed({ requestId, status: 405, address: request.socket.remoteAddress });
  });
  return server;
}

const tooManyBodies = () =>
  new AppError("overloaded", "Too many large requests are being read. Retry in a moment.", { retryAfterSeconds: 1 });

/** The id from a trusted proxy, or a new one. */
export function requestIdOf(request: IncomingMessage, trust: Pick<Trust, "trustsPeer">): string {
  const given = request.headers["x-request-id"];
  return typeof given === "string" && isRequestId(given) && trust.trustsPeer(request.socket) ? given : newRequestId();
}

const clientDisconnected = new AppError("bad_request", "The client disconnected.");

/** Proxies may send the absolute form of the URL (RFC 9112, 3.2.2). */
function originForm(url: string): string {
  return /^https?:\/\/[^/?]*(.*)$/s.exec(url)?.[1] || "/";
}

/** For a request whose body ended in a parser error or a timeout. */
function failIncomplete(response: ServerResponse<IncomingMessage>, detail: string): void {
  const error = new AppError("bad_request", detail);
  response.shouldKeepAlive = false;
  response.req.context.abort(error);
  sendProblem(response, error, response.req.context.id);
}

const parserErrors: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  HPE_HEADER_OVERFLOW: ["headers_too_large", "The headers are larger than 16 KiB."],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ["payload_too_large", "The chunk extensions are too large."],
  ERR_HTTP_REQUEST_TIMEOUT: ["request_timeout", "The request was not complete in time."],
};

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Express } from "express";
import { AppError, type ErrorCode } from "../../core/errors/app-error.ts";
import { newRequestId } from "../../core/ids.ts";
import type { Connections } from "../../kit/lifecycle/connections.ts";
import { problemKinds, rawProblem, sendProblem } from "../problem.ts";
import { expressPrototypes } from "./express-prototypes.ts";
import { answerHalfClosedClients } from "./half-closed-clients.ts";

export type ListenerLimits = { requestTimeoutMs: number; headersTimeoutMs: number; keepAliveTimeoutMs: number };

export type ListenerApp = {
  express: Express;
  /** `sendContinue` is passed if the client waits for `100 Continue` before it sends the body. */
  handle(request: IncomingMessage, response: ServerResponse, sendContinue?: () => void): void;
};

export type ListenerDeps = {
  app: ListenerApp;
  /** Called for a malformed request, which never reaches the app. */
  onMalformed(rejected: { requestId: string; status: number; address: string | undefined }): void;
  connections: Connections;
  limits: ListenerLimits;
  securityHeaders: ReadonlyMap<string, string>;
};

/** Creates the HTTP server. The app handles every request that Node can parse. Other requests are answered here. */
export function createListener({ app, onMalformed, connections, limits, securityHeaders }: ListenerDeps): Server {
  const server = createServer({
    ...expressPrototypes(app.express),
    requestTimeout: Math.max(limits.requestTimeoutMs, limits.headersTimeoutMs),
    headersTimeout: limits.headersTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(1000, limits.headersTimeoutMs / 4),
    maxHeaderSize: 16 * 1024,
    // `framingError` rejects a missing Host header with a problem response.
    requireHostHeader: false,
  });
  const latestResponse = new WeakMap<Socket, ServerResponse>();
  const refused = new WeakSet<Socket>();
  connections.watch(server);
  const hasStream = (socket: Socket): boolean =>
    connections.exchangesOf(socket).some(({ request, response }) => !response.writableEnded && isStream(request));
  answerHalfClosedClients(server, (socket) => latestResponse.get(socket), hasStream);
  // Reading the address makes Node cache it, so that the log can read it after the connection has closed.
  server.on("connection", (socket: Socket) => socket.remoteAddress);
  server.on("clientError", (error: Error & { code?: string }, socket) => {
    const client = socket as Socket;
    const response = latestResponse.get(client);
    const [code, detail] = parserErrors[error.code ?? ""] ?? ["bad_request", "This is not a valid HTTP request."];
    if (!client.writable || error.code === "ECONNRESET") client.destroy();
    else if (response?.req.complete === false) {
      // If a response has begun, no error response may follow it. Requests for probes and operator endpoints have no
      // context.
      if (response.headersSent || !("context" in response.req)) client.destroy();
      else failIncomplete(response, detail);
    } else if (hasStream(client)) client.destroy();
    else {
      // Each further chunk from this client causes another error.
      if (refused.has(client)) return;
      refused.add(client);
      const requestId = newRequestId();
      const refuse = () => client.end(rawProblem({ code, detail, requestId, securityHeaders }), () => client.destroy());
      onMalformed({ requestId, status: problemKinds[code].status, address: client.remoteAddress });
      // Requests that were complete before this one are answered first.
      if (response === undefined || response.destroyed) refuse();
      else response.once("close", refuse);
    }
  });
  const onRequest = (request: IncomingMessage, response: ServerResponse, sendContinue?: () => void) => {
    latestResponse.set(request.socket, response);
    app.handle(request, response, sendContinue);
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
    if (connections.exchangesOf(request.socket).length > 0) {
      socket.destroy();
      return;
    }
    const requestId = newRequestId();
    const detail = "CONNECT is not supported.";
    socket.on("error", () => socket.destroy());
    socket.end(rawProblem({ code: "method_not_allowed", detail, requestId, securityHeaders }), () => socket.destroy());
    onMalformed({ requestId, status: 405, address: request.socket.remoteAddress });
  });
  return server;
}

/** Requests for probes and operator endpoints have no context. */
const isStream = ({ context }: Partial<IncomingMessage>): boolean => context?.hasNoDeadline === true;

/** Answers a request whose body ended in a parser error or a timeout. */
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

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { AppError } from "../../core/errors/app-error.ts";
import { newRequestId } from "../../core/ids.ts";
import type { SendError } from "./operator-endpoints.ts";
import { toOriginForm } from "./request-target.ts";

export type ManagementLimits = { headersTimeoutMs: number; keepAliveTimeoutMs: number };

export type ManagementServerDeps = {
  /** Returns false if the request is neither a probe nor for operators. */
  answer(request: IncomingMessage, response: ServerResponse): boolean;
  sendError: SendError;
  limits: ManagementLimits;
};

/** The methods of probes and of all operator endpoints, for `OPTIONS *`. */
const methods = "DELETE, GET, HEAD, OPTIONS, PUT";

/** Creates a server for a separate port, so that the public port needs no access rules for operator endpoints. */
export function createManagementServer({ answer, sendError, limits }: ManagementServerDeps): Server {
  const latestResponses = new WeakMap<Duplex, ServerResponse>();
  const server = createServer(
    {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.headersTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => {
      latestResponses.set(request.socket, response);
      const fault = toOriginForm(request);
      if (fault !== undefined) {
        sendError(response, new AppError("bad_request", fault), newRequestId());
        return;
      }
      if (request.method === "OPTIONS" && request.url === "*") {
        response.writeHead(204, { Allow: methods, "X-Request-Id": newRequestId() }).end();
        return;
      }
      if (answer(request, response)) return;
      const error = new AppError("not_found", "This port serves probes and operator endpoints only.");
      sendError(response, error, newRequestId());
    },
  );
  // Without this listener, Node would send its 400 in place of a pending response to an earlier request of the socket.
  server.on("clientError", (_, socket) => {
    const response = latestResponses.get(socket);
    const refuse = () => socket.end(malformed, () => socket.destroy());
    if (!socket.writable || response?.req.complete === false) socket.destroy();
    else if (response === undefined || response.destroyed) refuse();
    else response.once("close", refuse);
  });
  return server;
}

const malformed = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

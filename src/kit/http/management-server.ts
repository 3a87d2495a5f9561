import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { AppError } from "../../core/app-error.ts";
import { newRequestId } from "../../core/ids.ts";
import type { SendError } from "./operator-endpoints.ts";

export type ManagementLimits = { headersTimeoutMs: number; keepAliveTimeoutMs: number };

export type ManagementServerDeps = {
  /** Returns false if the request is neither a probe nor for operators. */
  answer(request: IncomingMessage, response: ServerResponse): boolean;
  sendError: SendError;
  limits: ManagementLimits;
};

/** Creates a server for a separate port, so that the public port needs no access rules for operator endpoints. */
export function createManagementServer({ answer, sendError, limits }: ManagementServerDeps): Server {
  return createServer(
    {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.headersTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => {
      if (answer(request, response)) return;
      const error = new AppError("not_found", "This port serves probes and operator endpoints only.");
      sendError(response, error, newRequestId());
    },
  );
}

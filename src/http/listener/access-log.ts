import type { IncomingMessage, ServerResponse } from "node:http";
import type { Request } from "express";
import type { Logger } from "../../core/logging/logger.ts";
import { clientAddress } from "./client-address.ts";

/** Writes one line per request, with the fields below only, because a query, header or body may contain secrets. */
export function createAccessLog(logger: Pick<Logger, "info" | "isLevelEnabled">) {
  return (request: IncomingMessage, response: ServerResponse, seconds: number): void => {
    // Read for each request, because operators change the level.
    if (!logger.isLevelEnabled("info")) return;
    const { context } = request;
    logger.info(
      {
        requestId: context.id,
        method: request.method,
        path: context.path,
        route: context.route,
        status: response.statusCode,
        durationMs: Math.round(seconds * 1e6) / 1e3,
        address: clientAddress(request as Request),
        userId: context.userId,
        ...(context.trace !== undefined && { traceId: context.trace.traceId, spanId: context.trace.spanId }),
        aborted: response.writableFinished ? undefined : true,
      },
      "request",
    );
  };
}

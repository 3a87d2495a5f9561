import type { IncomingMessage, ServerResponse } from "node:http";
import { AppError } from "../../core/errors/app-error.ts";
import { createRoutes, type Routes } from "../../http/create-routes.ts";
import type { Api } from "../create-once.ts";
import { lastEventId, operations } from "./schema.ts";
import type { StreamService } from "./service.ts";

const headers = {
  "Content-Type": "text/event-stream",
  "Cache-Control": "no-cache",
  // Without this header, NGINX buffers events.
  "X-Accel-Buffering": "no",
};

export function streamRoutes(stream: StreamService, { authenticate }: Pick<Api, "authenticate">): Routes {
  const routes = createRoutes("/api/v1", authenticate);
  routes.add(operations.open, async ({ caller, query, request, response }) => {
    const { lastEventId } = query;
    const after = lastPositionOf(request) ?? (lastEventId === undefined ? undefined : Number(lastEventId));
    if (request.method === "HEAD") return { send: () => void response.writeHead(200, headers).end() };
    stream.reserve(caller.userId, response);
    const startPosition = await stream.startPosition(caller.userId, after);
    return {
      send() {
        // The client may have disconnected, or other streams may have used up the capacity.
        if (response.destroyed) return;
        stream.assertCapacity();
        request.context.hasNoDeadline = true;
        response.writeHead(200, headers);
        stream.open(caller, response, startPosition);
        releaseRequestMemory(request, response);
      },
    };
  });
  return routes;
}

/** Releases the headers and Express's routing state, which would use 5 kB of the 22 kB of an open stream. */
function releaseRequestMemory(request: IncomingMessage, response: ServerResponse): void {
  // The access log needs the client's address at the end.
  const { "x-forwarded-for": client } = request.headers;
  Object.assign(request, emptyRequestFields, client !== undefined && { headers: { "x-forwarded-for": client } });
  Object.assign(response, { locals: undefined });
}

const emptyRequestFields = {
  next: undefined,
  params: undefined,
  route: undefined,
  _parsedUrl: undefined,
  rawHeaders: [],
  headers: {},
};

/**
 * Returns the position in the header. Browsers send it when they reconnect, so it is later than the one in the query.
 */
function lastPositionOf({ headers: requestHeaders }: IncomingMessage): number | undefined {
  const read = lastEventId.safeParse(requestHeaders["last-event-id"]);
  if (read.success) return read.data;
  const errors = read.error.issues.map(({ message }) => ({ path: "Last-Event-ID", message }));
  throw new AppError("validation_failed", `Last-Event-ID: ${errors[0]?.message ?? "is invalid"}`, { errors });
}

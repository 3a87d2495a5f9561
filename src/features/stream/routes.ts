import type { IncomingMessage, ServerResponse } from "node:http";
import { AppError } from "../../core/app-error.ts";
import { createRoutes, type Routes } from "../../http/operation.ts";
import type { Api } from "../api.ts";
import { lastEventId, operations } from "./schema.ts";
import type { StreamService } from "./service.ts";

const headers = {
  "Content-Type": "text/event-stream",
  "Cache-Control": "no-cache",
  // NGINX would collect events until its buffer is full.
  "X-Accel-Buffering": "no",
};

export function streamRoutes(stream: StreamService, { authenticate }: Pick<Api, "authenticate">): Routes {
  const routes = createRoutes("/api/v1", authenticate);
  routes.add(operations.open, async ({ caller, query, request, response }) => {
    const { lastEventId } = query;
    const after = positionIn(request) ?? (lastEventId === undefined ? undefined : Number(lastEventId));
    if (request.method === "HEAD") return { send: () => void response.writeHead(200, headers).end() };
    stream.admit(caller.userId, response);
    const from = await stream.startOf(caller.userId, after);
    return {
      send() {
        // The client went away while its position was looked up, or others were quicker.
        if (response.destroyed) return;
        stream.assertPlace();
        request.context.endless = true;
        response.writeHead(200, headers);
        stream.open(caller, response, from);
        releaseRequestMemory(request, response);
      },
    };
  });
  return routes;
}

/** What was read of a request, and the way that Express took with it, would be held as long as the stream: five kilobytes. */
function releaseRequestMemory(request: IncomingMessage, response: ServerResponse): void {
  // But for whose stream it is: that the log says at the end.
  const { "x-forwarded-for": client } = request.headers;
  Object.assign(request, nothingLeft, client !== undefined && { headers: { "x-forwarded-for": client } });
  Object.assign(response, { locals: undefined });
}

const nothingLeft = {
  next: undefined,
  params: undefined,
  route: undefined,
  _parsedUrl: undefined,
  rawHeaders: [],
  headers: {},
};

/** A browser names in the header what came after the page was loaded, and so after what the query names. */
function positionIn({ headers: given }: IncomingMessage): number | undefined {
  const read = lastEventId.safeParse(given["last-event-id"]);
  if (read.success) return read.data;
  const errors = read.error.issues.map(({ message }) => ({ path: "Last-Event-ID", message }));
  throw new AppError("validation_failed", `Last-Event-ID: ${errors[0]?.message ?? "is wrong"}`, { errors });
}

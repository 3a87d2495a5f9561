import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { AppError } from "../../core/app-error.ts";
import type { Logger } from "../../core/logger.ts";

export type OpsAnswer = {
  status: number;
  contentType: string;
  body: string | Buffer;
  headers?: Readonly<Record<string, string>>;
};

export type OpsQuestion = { accept: string; authorized: boolean };

export type OpsRoute = {
  /** What a caller without the token gets: nothing, or the little that the answer itself decides. */
  withoutToken: "refused" | "reduced";
  answer(question: OpsQuestion): Promise<OpsAnswer> | OpsAnswer;
};

export type OpsDeps = {
  /** Answers with the error in the form of the rest of the server. */
  sendError(response: ServerResponse, error: unknown, requestId: string): void;
  requestIdOf(request: IncomingMessage): string;
  routes: ReadonlyMap<string, OpsRoute>;
  token: string | undefined;
  logger: Pick<Logger, "error">;
};

/** What operators and their tools ask. Answered before Express, so that it works when the app is at its limits. */
export function createOps({ sendError, requestIdOf, routes, token, logger }: OpsDeps) {
  const expected = token === undefined ? undefined : digest(token);
  const isAuthorized = ({ headers }: IncomingMessage): boolean =>
    expected === undefined || timingSafeEqual(digest(tokenOf(headers.authorization)), expected);

  const respond = async (
    route: OpsRoute,
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
  ): Promise<void> => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      throw new AppError("method_not_allowed", "Operator endpoints answer GET and HEAD.", { allow: ["GET", "HEAD"] });
    }
    const authorized = isAuthorized(request);
    if (!authorized && route.withoutToken === "refused")
      throw new AppError("unauthorized", "The operator's token is needed.");
    const { accept = "" } = request.headers;
    const answer = await route.answer({ accept, authorized });
    response.writeHead(answer.status, {
      "Content-Type": answer.contentType,
      "Content-Length": Buffer.byteLength(answer.body),
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      "X-Request-Id": requestId,
      Vary: "Accept, Authorization",
      ...answer.headers,
    });
    response.end(request.method === "HEAD" ? undefined : answer.body);
  };

  return {
    /** False where the request is none of the operator's. */
    answer(request: IncomingMessage, response: ServerResponse): boolean {
      const raw = request.url ?? "";
      // Nearly every request ends here, before anything is parsed.
      if (!raw.startsWith("/metrics") && !raw.startsWith("/health/") && !raw.startsWith("/api/v1/")) return false;
      const mark = raw.indexOf("?");
      // Taken as it is written: a proxy that hides a path has to see the same one.
      const route = routes.get((mark === -1 ? raw : raw.slice(0, mark)).replace(/(.)\/$/, "$1"));
      if (route === undefined) return false;
      const requestId = requestIdOf(request);
      respond(route, request, response, requestId).catch((error: unknown) => {
        if (!(error instanceof AppError)) logger.error({ err: error, requestId }, "an operator's endpoint failed");
        if (response.headersSent) response.destroy();
        else sendError(response, error, requestId);
      });
      return true;
    },
  };
}

export type Ops = ReturnType<typeof createOps>;

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

const tokenOf = (authorization = ""): string => /^bearer +(.+)$/i.exec(authorization)?.[1] ?? "";

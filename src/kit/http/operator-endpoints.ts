import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { AppError } from "../../core/app-error.ts";

export type OperatorAnswer = {
  status: number;
  contentType: string;
  body: string | Buffer;
  headers?: Readonly<Record<string, string>>;
};

export type OperatorRequest = { accept: string; authorized: boolean; method: string; query: URLSearchParams };

export type OperatorRoute = {
  /** A caller without the token gets 401, or only the public part of the answer. */
  withoutToken: "unauthorized" | "public-part";
  /** GET and HEAD unless set. */
  methods?: readonly string[];
  answer(request: OperatorRequest): Promise<OperatorAnswer> | OperatorAnswer;
};

export type SendError = (response: ServerResponse, error: unknown, requestId: string) => unknown;

export type OperatorEndpointsDeps = {
  sendError: SendError;
  requestIdOf(request: IncomingMessage): string;
  routes: ReadonlyMap<string, OperatorRoute>;
  token: string | undefined;
  /** Called with each unexpected error, for the log. */
  onUnexpectedError(error: unknown, requestId: string): void;
};

/** Endpoints for operators and their tools. They need no framework, so that they work when the app is overloaded. */
export function createOperatorEndpoints({
  sendError,
  requestIdOf,
  routes,
  token,
  onUnexpectedError,
}: OperatorEndpointsDeps) {
  const expected = token === undefined ? undefined : digest(token);
  const isAuthorized = ({ headers }: IncomingMessage): boolean =>
    expected === undefined || timingSafeEqual(digest(tokenOf(headers.authorization)), expected);

  const respond = async (
    route: OperatorRoute,
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
  ): Promise<void> => {
    const { methods = ["GET", "HEAD"] } = route;
    const { method = "" } = request;
    if (!methods.includes(method)) {
      const detail = `This operator endpoint supports ${methods.join(", ").replace(/, (\w+)$/, " and $1")}.`;
      throw new AppError("method_not_allowed", detail, { allow: methods });
    }
    const authorized = isAuthorized(request);
    if (!authorized && route.withoutToken === "unauthorized")
      throw new AppError("unauthorized", "This endpoint requires the operator token.");
    const { accept = "" } = request.headers;
    const query = new URLSearchParams(request.url?.split("?", 2)[1]);
    const answer = await route.answer({ accept, authorized, method, query });
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
    /** Returns false if the request is not for an operator endpoint. */
    answer(request: IncomingMessage, response: ServerResponse): boolean {
      const raw = request.url ?? "";
      // Returns early for most requests, before their URL is parsed.
      if (!raw.startsWith("/metrics") && !raw.startsWith("/health/") && !raw.startsWith("/api/v1/")) return false;
      const mark = raw.indexOf("?");
      // The path is not decoded: a proxy that blocks a path compares the same characters.
      const route = routes.get((mark === -1 ? raw : raw.slice(0, mark)).replace(/(.)\/$/, "$1"));
      if (route === undefined) return false;
      const requestId = requestIdOf(request);
      respond(route, request, response, requestId).catch((error: unknown) => {
        if (!(error instanceof AppError)) onUnexpectedError(error, requestId);
        if (response.headersSent) response.destroy();
        else sendError(response, error, requestId);
      });
      return true;
    },
  };
}

export type OperatorEndpoints = ReturnType<typeof createOperatorEndpoints>;

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

const tokenOf = (authorization = ""): string => /^bearer +(.+)$/i.exec(authorization)?.[1] ?? "";

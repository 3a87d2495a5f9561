import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { AppError } from "../../core/errors/app-error.ts";
import { newRequestId } from "../../core/ids.ts";
import { guard } from "../guard-callback.ts";
import { splitTarget } from "./request-target.ts";

export type OperatorAnswer = {
  status: number;
  contentType: string;
  body: string | Buffer;
  headers?: Readonly<Record<string, string>>;
};

export type OperatorRequest = { accept: string; authorized: boolean; method: string; query: URLSearchParams };

export type OperatorRoute = {
  /** What a caller without the token gets: 401, or only the public part of the answer. */
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

/**
 * Creates the endpoints for operators and their tools. Requests to them do not reach the framework of the app, so they
 * are answered while the app is overloaded.
 */
export function createOperatorEndpoints({
  sendError,
  requestIdOf,
  routes,
  token,
  onUnexpectedError,
}: OperatorEndpointsDeps) {
  const expectedDigest = token === undefined ? undefined : digest(token);
  const isAuthorized = ({ headers }: IncomingMessage): boolean =>
    expectedDigest === undefined || timingSafeEqual(digest(tokenOf(headers.authorization)), expectedDigest);

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
    const query = new URLSearchParams(splitTarget(request.url ?? "").query);
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
      const { url = "" } = request;
      // Returns early for most requests, before their URL is parsed.
      if (url.startsWith("/") && !/^\/(?:metrics|health\/|api\/v1\/)/.test(url)) return false;
      const route = routes.get(splitTarget(url).path);
      if (route === undefined) return false;
      const requestId = guard("requestIdOf", () => requestIdOf(request)) ?? newRequestId();
      respond(route, request, response, requestId).catch((error: unknown) => {
        if (!(error instanceof AppError)) guard("onUnexpectedError", () => onUnexpectedError(error, requestId));
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

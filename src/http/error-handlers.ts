import type { ErrorRequestHandler, RequestHandler } from "express";
import { AppError } from "../core/errors/app-error.ts";
import type { Logger } from "../core/logging/logger.ts";
import type { Routes } from "./create-routes.ts";
import { sendProblem } from "./problem.ts";

/** Creates the last handler: 404 for an unknown path, 405 for a known path with another method. */
export function rejectUnknownRoute(routes: readonly Routes[]): RequestHandler {
  const knownRoutes = routes.flatMap(({ prefix, operations }) =>
    operations.map(({ method, path }) => ({
      method: method.toUpperCase(),
      template: prefix + path,
      pattern: patternOf(prefix + path),
    })),
  );
  return (request) => {
    const matching = knownRoutes.filter(({ pattern }) => pattern.test(request.path));
    const [first] = matching;
    if (first === undefined)
      throw new AppError("not_found", "Nothing is served at this path. GET /api lists the entry points.");
    request.context.route = first.template;
    const methods = new Set(matching.map(({ method }) => method));
    if (methods.has("GET")) methods.add("HEAD");
    throw new AppError("method_not_allowed", "The path does not support this method. See the Allow header.", {
      allow: [...methods].sort(),
    });
  };
}

/**
 * Belongs before the routers, because Express answers OPTIONS with 200 by default. `OPTIONS *` means the whole server
 * (RFC 9110), so the response lists all methods.
 */
export function rejectOptions(reject: RequestHandler): RequestHandler {
  return (request, response, next) => {
    if (request.method !== "OPTIONS") next();
    else if (request.url !== "*") reject(request, response, next);
    else {
      request.context.route = "*";
      response.writeHead(204, { Allow: "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT" }).end();
    }
  };
}

/** Redirects browsers that open the address of the server to the start page. Other clients get 404 there. */
export const redirectBrowsers: RequestHandler = (request, response, next) => {
  const isPageRequest = request.path === "/" && (request.method === "GET" || request.method === "HEAD");
  if (!isPageRequest || !request.headers.accept?.includes("text/html")) return void next();
  request.context.route = "/";
  response.writeHead(302, { Location: "/api", "Cache-Control": "no-store", Vary: "Accept" }).end();
};

function patternOf(template: string): RegExp {
  return new RegExp(`^${template.replaceAll(/\{\w+\}/g, "[^/]+").replaceAll(".", "\\.")}/?$`);
}

export function handleErrors(logger: Pick<Logger, "error" | "warn">): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const requestId = request.context.id;
    if (response.headersSent) {
      request.socket.destroy();
      return;
    }
    const problem = sendProblem(response, error, requestId);
    if (problem.code === "internal")
      logger.error({ err: error, requestId, route: request.context.route }, "request failed");
    else if (problem.code === "unavailable" || problem.code === "read_only")
      logger.warn({ err: error, requestId, route: request.context.route }, "request failed: dependency unavailable");
  };
}

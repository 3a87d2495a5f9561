import type { ErrorRequestHandler, RequestHandler } from "express";
import { AppError } from "../core/app-error.ts";
import type { Logger } from "../core/logger.ts";
import type { Routes } from "./operation.ts";
import { sendProblem } from "./problem.ts";

/** Nobody answered: either the path is unknown, or only the method is. */
export function refuseUnknown(routes: readonly Routes[]): RequestHandler {
  const known = routes.flatMap(({ prefix, operations }) =>
    operations.map(({ method, path }) => ({
      method: method.toUpperCase(),
      template: prefix + path,
      form: formOf(prefix + path),
    })),
  );
  return (request) => {
    const here = known.filter(({ form }) => form.test(request.path));
    const [first] = here;
    if (first === undefined) throw new AppError("not_found", "Nothing is served at this path; GET /api says what is.");
    request.context.route = first.template;
    const methods = new Set(here.map(({ method }) => method));
    if (methods.has("GET")) methods.add("HEAD");
    throw new AppError("method_not_allowed", "Another method is needed here; see the Allow header.", {
      allow: [...methods].sort(),
    });
  };
}

/** Stands before the routers, which would answer OPTIONS by themselves. */
export function refuseOptions(refuse: RequestHandler): RequestHandler {
  return (request, response, next) => (request.method === "OPTIONS" ? refuse(request, response, next) : next());
}

function formOf(template: string): RegExp {
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
      logger.error({ err: error, requestId, route: request.context.route }, "a request failed");
    else if (problem.code === "unavailable")
      logger.warn({ err: error, requestId, route: request.context.route }, "a dependency failed a request");
  };
}

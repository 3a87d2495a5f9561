import express, { type RequestHandler, type Router } from "express";
import type { Routes } from "./create-routes.ts";
import type { StoreNeeds } from "./operation.ts";

export type ResourceRouter = RequestHandler & { readonly routers: ReadonlyMap<string, Router> };

/**
 * One Express router per resource, selected by the first segments of the path, so that a request is matched against the
 * routes of its resource only. One router for all routes costs a public GET 6 % more processor time. Nested routers
 * would rewrite and re-parse the URL at every level.
 */
export function resourceRouter(
  allRoutes: readonly Routes[],
  assertAvailable: (needs: StoreNeeds) => void,
): ResourceRouter {
  const routers = new Map<string, Router>();
  for (const { handlers } of allRoutes) {
    for (const { method, template, needs, handle } of handlers) {
      const resource = resourceOf(template.split("/{", 1)[0] ?? "");
      const router = routers.get(resource) ?? express.Router({ caseSensitive: true });
      routers.set(resource, router);
      const assertNeeds = () => assertAvailable(needs);
      router[method](template.replaceAll(/\{(\w+)\}/g, ":$1"), (request, response) =>
        handle(request, response, assertNeeds),
      );
    }
  }
  const dispatch: RequestHandler = (request, response, next) => {
    const tryFrom = (prefix: string): void => {
      const router = routers.get(prefix);
      const shorter = prefix.slice(0, prefix.lastIndexOf("/"));
      const tryShorter = shorter === "" ? next : (error?: unknown) => (error ? next(error) : tryFrom(shorter));
      if (router === undefined) tryShorter();
      else router(request, response, tryShorter);
    };
    tryFrom(resourceOf(request.path));
  };
  return Object.assign(dispatch, { routers });
}

const resourceSegments = 3;

/** `/api/v1/units` for `/api/v1/units/7/leases`. */
function resourceOf(path: string): string {
  let end = 0;
  for (let segment = 0; segment < resourceSegments; segment += 1) {
    end = path.indexOf("/", end + 1);
    if (end === -1) return path;
  }
  return path.slice(0, end);
}

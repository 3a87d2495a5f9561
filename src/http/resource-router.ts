import express, { type RequestHandler, type Router } from "express";
import type { Routes } from "./operation.ts";

export type ResourceRouter = RequestHandler & { readonly routers: ReadonlyMap<string, Router> };

/**
 * A router for each resource, found by the words that a path begins with: a request passes the routes of its own
 * resource only, and no router shortens its URL to have it read again by the next.
 */
export function resourceRouter(all: readonly Routes[]): ResourceRouter {
  const routers = new Map<string, Router>();
  for (const { handlers } of all) {
    for (const { method, template, handle } of handlers) {
      const resource = resourceOf(template.split("/{", 1)[0] ?? "");
      const router = routers.get(resource) ?? express.Router({ caseSensitive: true });
      routers.set(resource, router);
      router[method](template.replaceAll(/\{(\w+)\}/g, ":$1"), handle);
    }
  }
  const dispatch: RequestHandler = (request, response, next) => {
    const from = (words: string): void => {
      const router = routers.get(words);
      const shorter = words.slice(0, words.lastIndexOf("/"));
      const goOn = shorter === "" ? next : (error?: unknown) => (error ? next(error) : from(shorter));
      if (router === undefined) goOn();
      else router(request, response, goOn);
    };
    from(resourceOf(request.path));
  };
  return Object.assign(dispatch, { routers });
}

const wordsOfResource = 3;

/** `/api/v1/units` of `/api/v1/units/7/leases`. */
function resourceOf(path: string): string {
  let end = 0;
  for (let words = 0; words < wordsOfResource; words += 1) {
    end = path.indexOf("/", end + 1);
    if (end === -1) return path;
  }
  return path.slice(0, end);
}

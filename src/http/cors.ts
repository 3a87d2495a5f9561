import type { RequestHandler } from "express";

const methods = "GET, POST, PUT, PATCH, DELETE";
const requestHeaders =
  "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, If-Range, Last-Event-ID, Range, X-Request-Id";
const exposedHeaders = "Accept-Ranges, Content-Range, ETag, Location, Retry-After, X-Request-Id";

/** Lets pages of the allowed origins call the API with a bearer token. Cookies are never allowed. */
export function cors(origins: readonly string[]): RequestHandler {
  const allowed = new Set(origins);
  return (request, response, next) => {
    const { origin } = request.headers;
    response.vary("Origin");
    if (origin === undefined || !allowed.has(origin)) return next();
    response.setHeader("Access-Control-Allow-Origin", origin);
    response.setHeader("Cross-Origin-Resource-Policy", "cross-origin");
    if (request.method !== "OPTIONS" || request.headers["access-control-request-method"] === undefined) {
      response.setHeader("Access-Control-Expose-Headers", exposedHeaders);
      return next();
    }
    response.setHeader("Access-Control-Allow-Methods", methods);
    response.setHeader("Access-Control-Allow-Headers", requestHeaders);
    response.setHeader("Access-Control-Max-Age", "600");
    response.statusCode = 204;
    response.end();
  };
}

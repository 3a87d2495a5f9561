import type { IncomingMessage } from "node:http";

const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Whether a request may be authenticated by its cookie alone. Browsers send Sec-Fetch-Site with each request; for older
 * ones the Origin has to be the host of the request.
 */
export function allowsCookieAuthentication({
  method = "GET",
  headers,
}: Pick<IncomingMessage, "method" | "headers">): boolean {
  if (safeMethods.has(method)) return true;
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site === "same-origin" || site === "none";
  if (headers.origin === undefined) return true;
  const origin = URL.parse(headers.origin);
  // Both are parsed, because a host may contain capitals or the default port of its scheme.
  return origin !== null && URL.parse(`${origin.protocol}//${headers.host}`)?.host === origin.host;
}

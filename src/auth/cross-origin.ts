import type { IncomingMessage } from "node:http";

const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Whether a request that shows nothing but its cookie may write. Browsers say where a request comes from; where an old
 * one does not, its Origin has to be the host's own.
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
  // Read alike: a host may be written in capitals, and with the port that its scheme has anyway.
  return origin !== null && URL.parse(`${origin.protocol}//${headers.host}`)?.host === origin.host;
}

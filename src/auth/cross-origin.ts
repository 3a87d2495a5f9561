import type { IncomingMessage } from "node:http";

const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Whether a request that shows nothing but its cookie may write. Browsers say where a request comes from; where an old
 * one does not, its Origin has to be the host's own.
 */
export function mayActByCookie({ method = "GET", headers }: Pick<IncomingMessage, "method" | "headers">): boolean {
  if (safeMethods.has(method)) return true;
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site === "same-origin" || site === "none";
  const { origin, host } = headers;
  return origin === undefined || URL.parse(origin)?.host === host;
}

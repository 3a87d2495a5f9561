import type { IncomingMessage } from "node:http";

export const hostForm = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]+)(?::\d{1,5})?$/;

/**
 * Replaces an absolute URL, which proxies may send, by its path and query. Its host replaces the Host header (RFC 9112,
 * 3.2.2). Returns the reason to reject the request if the URL has no valid host.
 */
export function toOriginForm(request: IncomingMessage): string | undefined {
  // Most URLs begin with a slash. A scheme may be in upper case (RFC 3986).
  if (request.url?.startsWith("/")) return undefined;
  const [, host, path = ""] = /^https?:\/\/([^/?#]*)(.*)$/is.exec(request.url ?? "") ?? [];
  if (host === undefined) return undefined;
  if (!hostForm.test(host)) return "The host of the URL is not a valid host name.";
  request.url = path.startsWith("/") ? path : `/${path}`;
  request.headers.host = host;
  return undefined;
}

/**
 * Splits the target of a request into path and query. The path is not decoded, because a proxy that blocks a path
 * compares the undecoded characters, too. A client may also send the whole URL (RFC 9112, 3.2.2).
 */
export function splitTarget(target: string): { path: string; query: string } {
  const withoutHost = target.startsWith("/") ? target : target.replace(/^https?:\/\/[^/?]*/i, "");
  const queryAt = withoutHost.indexOf("?");
  const path = queryAt === -1 ? withoutHost : withoutHost.slice(0, queryAt);
  return { path: path.replace(/(.)\/$/, "$1"), query: queryAt === -1 ? "" : withoutHost.slice(queryAt + 1) };
}

/**
 * Splits the target of a request into path and query. The path is not decoded: a proxy that blocks a path compares the
 * same characters. A client may also send the whole URL (RFC 9112, 3.2.2).
 */
export function splitTarget(target: string): { path: string; query: string } {
  const local = target.startsWith("/") ? target : target.replace(/^https?:\/\/[^/?]*/i, "");
  const mark = local.indexOf("?");
  const path = mark === -1 ? local : local.slice(0, mark);
  return { path: path.replace(/(.)\/$/, "$1"), query: mark === -1 ? "" : local.slice(mark + 1) };
}

import type { IncomingMessage } from "node:http";
import { gzipSync } from "node:zlib";
import { staticResponse } from "./etag.ts";
import type { Reply, ReplyHeaders } from "./responses.ts";

/**
 * Creates a constant response that is compressed once, for the first client that accepts gzip. Pages and documents are
 * large, and not every server has a proxy in front that compresses them.
 */
export function compressedResponse(body: string, headers: ReplyHeaders): (request: IncomingMessage) => Reply {
  const headersWithVary = {
    ...headers,
    Vary: headers["Vary"] === undefined ? "Accept-Encoding" : `${headers["Vary"]}, Accept-Encoding`,
  };
  const plain = staticResponse(body, headersWithVary);
  let compressed: ReturnType<typeof staticResponse> | undefined;
  return (request) => {
    if (!acceptsGzip(request)) return plain(request);
    compressed ??= staticResponse(gzipSync(body), { ...headersWithVary, "Content-Encoding": "gzip" });
    return compressed(request);
  };
}

/** Ignores weights except `q=0`, which refuses gzip: gzip is the only coding that this server offers. */
function acceptsGzip({ headers }: IncomingMessage): boolean {
  const codings = String(headers["accept-encoding"] ?? "").split(",", 20);
  return codings.some((coding) => /^\s*(?:x-)?gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*$).*)?$/i.test(coding));
}

import type { IncomingMessage } from "node:http";
import { gzipSync } from "node:zlib";
import { staticResponse } from "./etag.ts";
import type { Reply, ReplyHeaders } from "./responses.ts";

/** A constant response that is compressed once, when a client first accepts that. Pages and documents are large, and not every server has a proxy in front. */
export function compressedResponse(body: string, headers: ReplyHeaders): (request: IncomingMessage) => Reply {
  const vary = {
    ...headers,
    Vary: headers["Vary"] === undefined ? "Accept-Encoding" : `${headers["Vary"]}, Accept-Encoding`,
  };
  const plain = staticResponse(body, vary);
  let compressed: ReturnType<typeof staticResponse> | undefined;
  return (request) => {
    if (!acceptsGzip(request)) return plain(request);
    compressed ??= staticResponse(gzipSync(body), { ...vary, "Content-Encoding": "gzip" });
    return compressed(request);
  };
}

/** Without weights, except that `q=0` refuses a coding: gzip is the only one that this server offers. */
function acceptsGzip({ headers }: IncomingMessage): boolean {
  const codings = String(headers["accept-encoding"] ?? "").split(",", 20);
  return codings.some((coding) => /^\s*(?:x-)?gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*$).*)?$/i.test(coding));
}

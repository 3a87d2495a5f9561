import type { Request } from "express";
import type { Html } from "../core/page/html.ts";
import { compressedResponse } from "../http/compressed-response.ts";
import type { Reply, ReplyHeaders } from "../http/responses.ts";

/** A placeholder for the address of the server, which is known only when a request arrives. */
export const origin = "http://origin.invalid";

/** Each origin has its own copy of the page in memory, so the number of copies is limited. */
const maxOrigins = 8;

/** Serves a page whose example commands name the origin of the request. Pages are cached per origin. */
export function pageOfOrigin(page: Html, headers: ReplyHeaders): (request: Request) => Reply {
  const replies = new Map<string, (request: Request) => Reply>();
  return (request) => {
    const requestOrigin = originOf(request);
    let reply = replies.get(requestOrigin);
    if (reply === undefined) {
      reply = compressedResponse(page.html.replaceAll(origin, requestOrigin), headers);
      const [oldest = requestOrigin] = replies.keys();
      if (replies.size === maxOrigins) replies.delete(oldest);
      replies.set(requestOrigin, reply);
    }
    return reply(request);
  };
}

/** Host names that are safe in a shell command; a Host header may contain others. */
const plainHost = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/;

function originOf({ secure, headers, socket }: Request): string {
  const host = headers.host?.toLowerCase() ?? "";
  return `${secure ? "https" : "http"}://${plainHost.test(host) ? host : `localhost:${socket.localPort}`}`;
}

import type { Request } from "express";
import type { Html } from "../core/page/html.ts";
import { staticResponse } from "../http/etag.ts";
import type { Reply, ReplyHeaders } from "../http/responses.ts";

/** Stands in a page for the address of this server until somebody asks, who knows it. */
export const origin = "http://origin.invalid";

/** Enough for the names of one server; each keeps a page in memory. */
const mostOrigins = 8;

/** A page whose commands are for the server that it came from, made when it is first asked for under a name. */
export function pageOfOrigin(page: Html, headers: ReplyHeaders): (request: Request) => Reply {
  const made = new Map<string, (request: Request) => Reply>();
  return (request) => {
    const here = originOf(request);
    let reply = made.get(here);
    if (reply === undefined) {
      reply = staticResponse(page.html.replaceAll(origin, here), headers);
      const [oldest = here] = made.keys();
      if (made.size === mostOrigins) made.delete(oldest);
      made.set(here, reply);
    }
    return reply(request);
  };
}

/** Fit to be copied into a shell, which the names that a Host header may have are not all. */
const plainHost = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/;

function originOf({ secure, headers, socket }: Request): string {
  const host = headers.host?.toLowerCase() ?? "";
  return `${secure ? "https" : "http"}://${plainHost.test(host) ? host : `localhost:${socket.localPort}`}`;
}

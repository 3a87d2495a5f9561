import { isIP } from "node:net";
import type { Request } from "express";
import { unmapIpv4 } from "../core/ip-address.ts";

/**
 * The address of the client, in one form however it was written: some proxies add its port, and what is no address at
 * all must not count as one. Then it is the peer's own.
 */
export function clientAddress(request: Pick<Request, "ip" | "socket" | "headers">): string {
  const peer = plainAddress(request.socket.remoteAddress ?? "unknown");
  if (request.headers["x-forwarded-for"] === undefined) return peer;
  const named = plainAddress(request.ip ?? "");
  return isIP(named) === 0 ? peer : named;
}

function plainAddress(text: string): string {
  const withoutPort = /^\[(.+)\](?::\d+)?$|^([\d.]+):\d+$/.exec(text);
  return unmapIpv4(withoutPort?.[1] ?? withoutPort?.[2] ?? text);
}

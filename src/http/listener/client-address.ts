import { isIP } from "node:net";
import type { Request } from "express";
import { unmapIpv4 } from "../../core/network/ip-address.ts";

/**
 * Returns the normalized address of the client, without the port that some proxies append. If the forwarded value is not
 * an IP address, returns the address of the peer.
 */
export function clientAddress(request: Pick<Request, "ip" | "socket" | "headers">): string {
  const peer = plainAddress(request.socket.remoteAddress ?? "unknown");
  if (request.headers["x-forwarded-for"] === undefined) return peer;
  const forwarded = plainAddress(request.ip ?? "");
  return isIP(forwarded) === 0 ? peer : forwarded;
}

function plainAddress(text: string): string {
  const withoutPort = /^\[(.+)\](?::\d+)?$|^([\d.]+):\d+$/.exec(text);
  return unmapIpv4(withoutPort?.[1] ?? withoutPort?.[2] ?? text);
}

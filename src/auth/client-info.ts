import type { Request } from "express";
import { clientAddress } from "../http/listener/client-address.ts";
import type { ClientInfo } from "./events.ts";

export function clientInfoOf(request: Request): ClientInfo {
  const device = (request.headers["user-agent"] ?? "").slice(0, 200);
  return { requestId: request.context.id, address: clientAddress(request), device };
}

import type { Request } from "express";
import { clientAddress } from "../http/listener/client-address.ts";
import { languageOf } from "./account-mail/texts/texts.ts";
import type { ClientInfo } from "./events.ts";

export function clientInfoOf(request: Request): ClientInfo {
  const device = (request.headers["user-agent"] ?? "").slice(0, 200);
  const language = languageOf(request.headers["accept-language"]);
  return { requestId: request.context.id, address: clientAddress(request), device, language };
}

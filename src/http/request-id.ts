import type { IncomingMessage } from "node:http";
import { isRequestId, newRequestId } from "../core/ids.ts";
import type { Trust } from "./trust.ts";

/** The id from a trusted proxy, or a new one. */
export function requestIdOf(request: IncomingMessage, trust: Pick<Trust, "trustsPeer">): string {
  const given = request.headers["x-request-id"];
  return typeof given === "string" && isRequestId(given) && trust.trustsPeer(request.socket) ? given : newRequestId();
}

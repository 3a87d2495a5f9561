import { hash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { AppError } from "../core/app-error.ts";
import { jsonText, type Reply, type ReplyHeaders, type WholeReply, whole } from "./responses.ts";

const tagOf = (text: string): string => `"${hash("sha256", text, "base64url").slice(0, 22)}"`;

/** Taken over what the caller sees: whatever changes the representation changes the tag. */
const etagOf = (representation: unknown): string => tagOf(JSON.stringify(representation));

/** A resource with its tag; 304 for whoever has it already. */
export function okWithEtag(request: IncomingMessage, representation: unknown): Reply {
  const text = JSON.stringify(representation);
  const headers = { ETag: tagOf(text), "Cache-Control": "private, no-cache" };
  return etagMatches(request.headers["if-none-match"], headers.ETag)
    ? whole(304, headers, "")
    : jsonText(200, text, headers);
}

/** What stays the same as long as the server runs, with its tag made once. */
export function staticResponse(body: string, more: ReplyHeaders) {
  const headers = { ETag: tagOf(body), "Cache-Control": "no-cache", ...more };
  const full = whole(200, headers, body);
  const known = whole(304, headers, "");
  return (request: IncomingMessage): Reply =>
    etagMatches(request.headers["if-none-match"], headers.ETag) ? known : full;
}

export const updated = (representation: unknown): WholeReply => withTag(200, representation);

export const created = (location: string, representation: unknown, headers: ReplyHeaders = {}): WholeReply =>
  withTag(201, representation, { ...headers, Location: location });

function withTag(status: number, representation: unknown, headers: ReplyHeaders = {}): WholeReply {
  const text = JSON.stringify(representation);
  return jsonText(status, text, { ...headers, ETag: tagOf(text) });
}

/** Throws where the caller named another state than the present one. */
export type Precondition = (present: unknown) => void;

export function ifMatchPrecondition(request: IncomingMessage): Precondition {
  const wanted = request.headers["if-match"];
  return (present) => {
    if (wanted === undefined || etagMatches(wanted, etagOf(present))) return;
    throw new AppError("precondition_failed", "It is no longer as If-Match says; read it again and decide anew.");
  };
}

/** A proxy that compresses marks the tag as weak; it still names the same state. */
export function etagMatches(list: string | undefined, etag: string): boolean {
  const names = list?.split(",").map((name) => name.trim().replace(/^W\//, "")) ?? [];
  return names.includes(etag) || names.includes("*");
}

import { hash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { AppError } from "../core/errors/app-error.ts";
import { type CompleteReply, completeReply, jsonText, type Reply, type ReplyHeaders } from "./responses.ts";

const hashTag = (text: string | Buffer): string => `"${hash("sha256", text, "base64url").slice(0, 22)}"`;

/** Returns a hash of the JSON that the caller receives, so that every visible change changes the ETag. */
const etagOf = (representation: unknown): string => hashTag(JSON.stringify(representation));

/** A resource with its ETag, or 304 if `If-None-Match` names that ETag. */
export function okWithEtag(request: IncomingMessage, representation: unknown): Reply {
  const text = JSON.stringify(representation);
  const headers = { ETag: hashTag(text), "Cache-Control": "private, no-cache" };
  return etagMatches(request.headers["if-none-match"], headers.ETag)
    ? completeReply(304, headers, "")
    : jsonText(200, text, headers);
}

/** Returns a response that is constant while the server runs: its ETag is computed once. */
export function staticResponse(body: string | Buffer, extraHeaders: ReplyHeaders) {
  const headers = { ETag: hashTag(body), "Cache-Control": "no-cache", ...extraHeaders };
  const full = completeReply(200, headers, body);
  const notModified = completeReply(304, headers, "");
  return (request: IncomingMessage): Reply =>
    etagMatches(request.headers["if-none-match"], headers.ETag) ? notModified : full;
}

export const updated = (representation: unknown): CompleteReply => withEtag(200, representation);

export const created = (location: string, representation: unknown, headers: ReplyHeaders = {}): CompleteReply =>
  withEtag(201, representation, { ...headers, Location: location });

function withEtag(status: number, representation: unknown, headers: ReplyHeaders = {}): CompleteReply {
  const text = JSON.stringify(representation);
  return jsonText(status, text, { ...headers, ETag: hashTag(text) });
}

/** Throws if the current resource does not have the ETag in `If-Match`. */
export type Precondition = (current: unknown) => void;

export function ifMatchPrecondition(request: IncomingMessage): Precondition {
  const ifMatch = request.headers["if-match"];
  return (current) => {
    if (ifMatch === undefined || etagMatches(ifMatch, etagOf(current))) return;
    throw new AppError(
      "precondition_failed",
      "The resource has changed since the version in If-Match. Fetch it again and retry.",
    );
  };
}

/** Ignores `W/`: a proxy that compresses a response marks its ETag as weak, but the version is the same. */
export function etagMatches(list: string | undefined, etag: string): boolean {
  const etags = list?.split(",").map((entry) => entry.trim().replace(/^W\//, "")) ?? [];
  return etags.includes(etag) || etags.includes("*");
}

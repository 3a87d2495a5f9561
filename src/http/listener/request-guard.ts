import type { IncomingMessage } from "node:http";
import { AppError } from "../../core/errors/app-error.ts";
import { hostForm } from "../../kit/http/request-target.ts";

/** Finds ambiguities that Node's parser accepts and that another server could interpret differently. */
export function framingError(request: IncomingMessage): string | undefined {
  const headers = request.rawHeaders;
  let host: string | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? "";
    // The lengths are compared first, because that is cheaper than `toLowerCase`.
    if (name.length === 4 && name.toLowerCase() === "host") {
      if (host !== undefined) return "The Host header is repeated.";
      host = headers[i + 1] ?? "";
      if (!hostForm.test(host)) return "The Host header is not a valid host name.";
    } else if (name.length === 17 && name.toLowerCase() === "transfer-encoding") {
      if (headers[i + 1]?.trim().toLowerCase() !== "chunked") return "Only the transfer coding chunked is supported.";
    }
  }
  if (host === undefined && request.httpVersion === "1.1") return "The Host header is missing.";
  return undefined;
}

/** Returns whether the request has a body. Reads the raw headers, so that Node need not build the headers object. */
export function announcesBody({ rawHeaders }: IncomingMessage): boolean {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? "";
    if (name.length === 14 && name.toLowerCase() === "content-length") return rawHeaders[i + 1] !== "0";
    if (name.length === 17 && name.toLowerCase() === "transfer-encoding") return true;
  }
  return false;
}

/** Rejects invalid percent escapes, and NUL, which Postgres cannot store. */
export function assertReadableUrl(url: string): void {
  if (!url.includes("%")) return;
  let decoded: string;
  try {
    decoded = decodeURIComponent(url);
  } catch {
    throw new AppError("bad_request", "The URL contains an invalid percent escape.");
  }
  if (decoded.includes("\0")) throw new AppError("bad_request", "The URL contains a NUL character.");
}

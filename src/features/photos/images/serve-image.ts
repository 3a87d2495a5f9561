import type { Request } from "express";
import { AppError } from "../../../core/errors/app-error.ts";
import { etagMatches } from "../../../http/etag.ts";
import { toProblem } from "../../../http/problem.ts";
import { bytes, completeReply, type Reply } from "../../../http/responses.ts";

/** Names are never reused, so the response is immutable. */
export function serveImage(request: Request, name: string, image: Buffer): Reply {
  const etag = `"${name.replace(".webp", "")}"`;
  const headers = {
    ETag: etag,
    "Accept-Ranges": "bytes",
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Disposition": "inline",
    // Pages of other origins may embed images.
    "Cross-Origin-Resource-Policy": "cross-origin",
  };
  if (etagMatches(request.headers["if-none-match"], etag)) return completeReply(304, headers, "");
  const range = requestedRange(request, etag, image.length);
  if (range === undefined) return bytes(200, "image/webp", image, headers);
  if (range === "unsatisfiable") return unsatisfiable(request, image.length);
  const { start, end } = range;
  const contentRange = `bytes ${start}-${end}/${image.length}`;
  return bytes(206, "image/webp", image.subarray(start, end + 1), { ...headers, "Content-Range": contentRange });
}

const oneRange = /^bytes=(\d*)-(\d*)$/i;

/** Returns the single range of a GET. Undefined if the whole image is to be sent (RFC 9110, 14.2). */
function requestedRange(request: Request, etag: string, size: number) {
  const condition = request.headers["if-range"];
  if (request.method !== "GET" || (condition !== undefined && condition !== etag)) return undefined;
  const [, first = "", last = ""] = oneRange.exec(request.headers.range ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  // Without a first position the range is a suffix: the last N bytes.
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (start >= size) return "unsatisfiable";
  return start <= end ? { start, end } : undefined;
}

function unsatisfiable(request: Request, size: number): Reply {
  const error = new AppError("range_not_satisfiable", `The image has ${size} bytes.`);
  const problem = toProblem(error, request.context.id, request.context.trace);
  return bytes(problem.status, "application/problem+json", JSON.stringify(problem), {
    "Content-Range": `bytes */${size}`,
    "Cache-Control": "no-store",
  });
}

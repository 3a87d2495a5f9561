import type { Request } from "express";
import { AppError } from "../../core/app-error.ts";
import { etagMatches } from "../../http/etag.ts";
import { toProblem } from "../../http/problem.ts";
import { bytes, type Reply, whole } from "../../http/responses.ts";

/** An image under a name that never stands for another: whoever has it need not ask again. */
export function serveImage(request: Request, name: string, image: Buffer): Reply {
  const etag = `"${name.replace(".webp", "")}"`;
  const headers = {
    ETag: etag,
    "Accept-Ranges": "bytes",
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Disposition": "inline",
    // Pages of other origins may show it; what they may do with the rest of the API is as ever.
    "Cross-Origin-Resource-Policy": "cross-origin",
  };
  if (etagMatches(request.headers["if-none-match"], etag)) return whole(304, headers, "");
  const range = wantedRange(request, etag, image.length);
  if (range === undefined) return bytes(200, "image/webp", image, headers);
  if (range === "none of it") return unsatisfiable(request, image.length);
  const { start, end } = range;
  const contentRange = `bytes ${start}-${end}/${image.length}`;
  return bytes(206, "image/webp", image.subarray(start, end + 1), { ...headers, "Content-Range": contentRange });
}

const oneRange = /^bytes=(\d*)-(\d*)$/i;

/** One range of a GET; what else is asked for, or is meant for another state, gets the whole (RFC 9110, 14.2). */
function wantedRange(request: Request, etag: string, size: number) {
  const condition = request.headers["if-range"];
  if (request.method !== "GET" || (condition !== undefined && condition !== etag)) return undefined;
  const [, first = "", last = ""] = oneRange.exec(request.headers.range ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  // Without a first byte it is the last ones that are meant, and all where there are no more.
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (start >= size) return "none of it";
  return start <= end ? { start, end } : undefined;
}

function unsatisfiable(request: Request, size: number): Reply {
  const error = new AppError("range_not_satisfiable", `The image has ${size} bytes.`);
  const problem = toProblem(error, request.context.id);
  return bytes(problem.status, "application/problem+json", JSON.stringify(problem), {
    "Content-Range": `bytes */${size}`,
    "Cache-Control": "no-store",
  });
}

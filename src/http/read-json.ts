import { isUtf8 } from "node:buffer";
import express, { type Request, type Response } from "express";
import { AppError } from "../core/app-error.ts";

const maxBytes = 1_000_000;
const maxDepth = 32;
const maxValues = 50_000;

const parse = express.json({
  limit: maxBytes,
  strict: false,
  type: () => true,
  verify(_request, _response, bytes) {
    if (!isUtf8(bytes)) throw new AppError("bad_request", "The body is not valid UTF-8.");
  },
});

/** The body of a request as JSON that any store can hold: UTF-8, bounded in size and depth, without traps in its keys. */
export async function readJson(request: Request, response: Response): Promise<unknown> {
  assertJsonType(request.headers["content-type"]);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  parse(request, response, (error: unknown) => (error ? reject(error) : resolve()));
  await promise;
  const body: unknown = request.body;
  assertHarmless(body);
  return body;
}

function assertJsonType(contentType: string | undefined): void {
  const mediaType = contentType?.split(";", 1)[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") {
    throw new AppError("unsupported_media_type", "Send the body as application/json.");
  }
}

export const hasBody = ({ headers }: Pick<Request, "headers">): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;

/** Walks without recursion: 40,000 nested arrays parse well and would break the next function that recurses. */
function assertHarmless(root: unknown): void {
  const pending: { value: unknown; path: string; depth: number }[] = [{ value: root, path: "", depth: 0 }];
  let left = maxValues;
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    left -= 1;
    if (left < 0) refuse("", `has more than ${maxValues} values`);
    const { value, path, depth } = item;
    if (typeof value === "string") assertStorable(value, path);
    if (typeof value !== "object" || value === null) continue;
    if (depth === maxDepth) refuse(path.split(".", 1)[0] ?? "", `is nested deeper than ${maxDepth} levels`);
    for (const [key, inner] of Object.entries(value)) {
      const innerPath = path === "" ? key : `${path}.${key}`;
      if (key === "__proto__") refuse(innerPath, "is not a field");
      assertStorable(key, path);
      pending.push({ value: inner, path: innerPath, depth: depth + 1 });
    }
  }
}

function assertStorable(text: string, path: string): void {
  if (text.includes("\0")) refuse(path, "has a NUL character");
  if (!text.isWellFormed()) refuse(path, "has half of a surrogate pair");
}

function refuse(path: string, message: string): never {
  throw new AppError("validation_failed", "The body cannot be accepted.", { errors: [{ path, message }] });
}

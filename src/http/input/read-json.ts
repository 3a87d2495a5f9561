import type { IncomingMessage } from "node:http";
import { AppError } from "../../core/errors/app-error.ts";
import { readHeaderValue } from "./header-value.ts";
import { findShapeFault } from "./json-shape.ts";
import { type BodyLimit, readBody } from "./request-body.ts";

const shapeLimits = { maxDepth: 32, maxValues: 10_000 };
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Reads a JSON body. It must be UTF-8 within limits of size, depth and number of values, and without `__proto__`. */
export async function readJson(request: IncomingMessage, limit: BodyLimit): Promise<unknown> {
  assertJsonType(request.headers["content-type"]);
  const bytes = await readBody(request, limit);
  if (bytes.length === 0) return {};
  assertShape(bytes);
  const value = parse(decode(bytes));
  assertSafe(value);
  return value;
}

function assertJsonType(contentType: string | undefined): void {
  const type = readHeaderValue(contentType ?? "");
  if (type?.value !== "application/json")
    throw new AppError("unsupported_media_type", "Send the body as application/json.");
  const charset = type.parameters.get("charset") ?? "utf-8";
  if (charset.toLowerCase() !== "utf-8") throw new AppError("unsupported_media_type", "Send the body in UTF-8.");
}

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new AppError("bad_request", "The body is not valid UTF-8.");
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new AppError("bad_request", "The body is not valid JSON.");
  }
}

function assertShape(bytes: Buffer): void {
  const fault = findShapeFault(bytes, shapeLimits);
  if (fault?.kind === "depth") refuse(fault.field, `is nested deeper than ${shapeLimits.maxDepth} levels`);
  if (fault?.kind === "values") refuse(fault.field, `has too many values; the maximum is ${shapeLimits.maxValues}`);
}

/** Iterative, so that no depth overflows the stack. `assertShape` has bounded the number of values. */
function assertSafe(root: unknown): void {
  const pending: { value: unknown; path: string }[] = [{ value: root, path: "" }];
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    const { value, path } = item;
    if (typeof value === "string") assertStorable(value, path);
    if (typeof value !== "object" || value === null) continue;
    for (const [key, inner] of Object.entries(value)) {
      const innerPath = path === "" ? key : `${path}.${key}`;
      if (key === "__proto__") refuse(innerPath, "is not a known field");
      assertStorable(key, path);
      pending.push({ value: inner, path: innerPath });
    }
  }
}

function assertStorable(text: string, path: string): void {
  if (text.includes("\0")) refuse(path, "contains a NUL character");
  if (!text.isWellFormed()) refuse(path, "contains an unpaired surrogate");
}

function refuse(path: string, message: string): never {
  throw new AppError("validation_failed", "The body is not acceptable.", { errors: [{ path, message }] });
}

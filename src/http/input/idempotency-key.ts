import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { AppError } from "../../core/errors/app-error.ts";

export type IdempotencyKey = { key: string; fingerprint: string };

/**
 * Returns the caller's key, and a fingerprint of the parsed request. The fingerprint shows whether a repeated key comes
 * with the same request.
 */
export function idempotencyKeyOf(
  request: IncomingMessage,
  params: unknown,
  content: unknown,
): IdempotencyKey | undefined {
  const key = request.headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key !== "string" || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    const message = "must be one value of 1 to 255 visible characters";
    throw new AppError("validation_failed", `Idempotency-Key: ${message}`, {
      errors: [{ path: "Idempotency-Key", message }],
    });
  }
  const fingerprint = createHash("sha256").update(JSON.stringify([request.method, request.context.route, params]));
  fingerprint.update(Buffer.isBuffer(content) ? content : JSON.stringify(content ?? null));
  return { key, fingerprint: fingerprint.digest("base64url") };
}

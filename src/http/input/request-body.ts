import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import { AppError } from "../../core/errors/app-error.ts";

export type BodyLimit = {
  /** Limits the bytes as sent and the decoded bytes. */
  maxBytes: number;
  /** Whether a `Content-Encoding` other than `identity` is accepted. */
  allowsEncoding: boolean;
};

export const jsonBodyLimit: BodyLimit = { maxBytes: 1_000_000, allowsEncoding: true };

/** The limit of operations that need no authentication. */
export const smallBodyLimit: BodyLimit = { maxBytes: 16_000, allowsEncoding: false };

/** The first bytes of each body, which do not count against the shared budget. Most bodies are smaller than this. */
const unbudgetedBytes = 16_000;

const decoders = { gzip: promisify(gunzip), deflate: promisify(inflate), br: promisify(brotliDecompress) };

export const hasBody = ({ headers }: Pick<IncomingMessage, "headers">): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;

/** Checks the headers only, so that it can run before authentication and before the body is read. */
export function assertBodyFits({ headers }: Pick<IncomingMessage, "headers">, limit: BodyLimit): void {
  if (Number(headers["content-length"] ?? 0) > limit.maxBytes) throw tooLarge(limit);
  const encoding = encodingOf(headers);
  if (encoding === "identity") return;
  if (!limit.allowsEncoding) throw new AppError("unsupported_media_type", "Send the body without Content-Encoding.");
  if (!Object.hasOwn(decoders, encoding)) throw new AppError("unsupported_media_type", "Unknown Content-Encoding.");
}

/** Reads the decoded body. Decoding runs in the thread pool and stops at the limit. */
export async function readBody(request: IncomingMessage, limit: BodyLimit): Promise<Buffer> {
  const { bodyBudget } = request.context;
  let size = 0;
  let reserved = 0;
  try {
    const bytes = await collectBody(
      request,
      limit.maxBytes,
      () => tooLarge(limit),
      (count) => {
        size += count;
        const needed = Math.max(0, size - unbudgetedBytes) - reserved;
        bodyBudget.reserve(needed);
        reserved += needed;
      },
    );
    return await decodeBody(bytes, encodingOf(request.headers), limit);
  } finally {
    bodyBudget.release(reserved);
  }
}

async function decodeBody(bytes: Buffer, encoding: string, limit: BodyLimit): Promise<Buffer> {
  if (encoding === "identity") return bytes;
  try {
    return await decoders[encoding as keyof typeof decoders](bytes, { maxOutputLength: limit.maxBytes });
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(limit);
    throw new AppError("bad_request", `The body is not valid ${encoding}.`, { cause: error });
  }
}

/**
 * Returns the bytes as sent. Fails at the first byte over the limit; the listener discards the rest. Node never ends
 * the stream of a request that was answered while its body was arriving, so reading also ends when the request's signal
 * is aborted.
 */
export function collectBody(
  request: IncomingMessage,
  maxBytes: number,
  onTooLarge: () => Error,
  onBytes: (count: number) => void = () => undefined,
): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) return Promise.reject(onTooLarge());
  const { signal } = request.context;
  if (signal.aborted) return Promise.reject(signal.reason);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let size = 0;
  const onData = (chunk: Buffer) => {
    try {
      size += chunk.length;
      if (size > maxBytes) throw onTooLarge();
      onBytes(chunk.length);
      chunks.push(chunk);
    } catch (error) {
      reject(error);
    }
  };
  const onEnd = () => resolve(Buffer.concat(chunks, size));
  const onError = (error: Error) => reject(new AppError("bad_request", "The body is incomplete.", { cause: error }));
  const onAbort = () => reject(signal.reason);
  request.on("data", onData).on("end", onEnd).on("error", onError);
  signal.addEventListener("abort", onAbort);
  request.context.sendContinue();
  return promise.finally(() => {
    request.off("data", onData).off("end", onEnd);
    signal.removeEventListener("abort", onAbort);
    request.resume();
  });
}

const encodingOf = (headers: IncomingMessage["headers"]): string =>
  (headers["content-encoding"] ?? "identity").trim().toLowerCase();

const tooLarge = ({ maxBytes }: BodyLimit) =>
  new AppError("payload_too_large", `The body may have at most ${maxBytes.toLocaleString("en")} bytes.`);

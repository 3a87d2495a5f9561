import { createHash } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";
import { AppError } from "../../../core/errors/app-error.ts";
import { startTimeout } from "../../../core/timing/stall-tolerant-timeout.ts";
import type { CredentialSource } from "./credentials/credentials.ts";
import type { StoredFile } from "./storage.ts";

export type BucketSettings = {
  endpoint: string;
  bucket: string;
  region: string;
  /** Puts the name of the bucket in the path instead of the host name. */
  pathStyle: boolean;
  timeoutMs: number;
};

type Call = { method: "GET" | "PUT" | "DELETE"; name: string; body?: Buffer; signal?: AbortSignal };

/** Creates a minimal S3 client: each call is signed with its body and has a time limit. */
export function createBucket(
  { endpoint, bucket, region, pathStyle, timeoutMs }: BucketSettings,
  credentials: CredentialSource,
  /** Returns the headers of the current trace. They are sent with each call, but not signed. */
  traceHeaders: () => Readonly<Record<string, string>> = () => ({}),
) {
  const base = new URL(endpoint.replace(/\/*$/, "/"));
  if (pathStyle) base.pathname += `${bucket}/`;
  else base.hostname = `${bucket}.${base.hostname}`;

  const callOnce = async ({ method, name, body, signal }: Call): Promise<{ status: number; bytes: Buffer }> => {
    const hash = createHash("sha256")
      .update(body ?? "")
      .digest("hex");
    const timedOut = new AbortController();
    const timeout = startTimeout(timeoutMs, () => timedOut.abort());
    try {
      const headers = { "Content-Type": "image/webp", "X-Amz-Content-Sha256": hash };
      const identity = await credentials.get();
      const url = new URL(name, base).href;
      const signer = new AwsV4Signer({ ...identity, region, service: "s3", method, url, headers });
      const signed = await signer.sign();
      const response = await fetch(signed.url, {
        method,
        headers: withHeaders(signed.headers, traceHeaders()),
        body: body ? new Uint8Array(body) : null,
        redirect: "error",
        signal: signal ? AbortSignal.any([signal, timedOut.signal]) : timedOut.signal,
      });
      return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
    } catch (error) {
      signal?.throwIfAborted();
      throw unavailable(error);
    } finally {
      timeout.cancel();
    }
  };

  const call = async (request: Call): Promise<{ status: number; bytes: Buffer }> => {
    const response = await callOnce(request);
    if (response.status !== 403 && response.status !== 400) return response;
    if (!expiredCodes.has(errorCode(response))) return response;
    credentials.invalidate();
    return callOnce(request);
  };

  return {
    async put({ name, bytes }: StoredFile, signal?: AbortSignal): Promise<void> {
      const response = await call({ method: "PUT", name, body: bytes, ...(signal && { signal }) });
      if (response.status !== 200) throw unavailable(new BucketError(response));
    },
    async get(name: string, signal: AbortSignal): Promise<Buffer | undefined> {
      const response = await call({ method: "GET", name, signal });
      if (response.status === 404 && errorCode(response) !== "NoSuchBucket") return undefined;
      if (response.status !== 200) throw unavailable(new BucketError(response));
      return response.bytes;
    },
    async remove(name: string): Promise<void> {
      const response = await call({ method: "DELETE", name });
      if (response.status !== 204 && response.status !== 200 && response.status !== 404)
        throw unavailable(new BucketError(response));
    },
  };
}

function withHeaders(signed: Headers, more: Readonly<Record<string, string>>): Headers {
  for (const [name, value] of Object.entries(more)) signed.set(name, value);
  return signed;
}

export type Bucket = ReturnType<typeof createBucket>;

const unavailable = (cause: unknown) =>
  new AppError("unavailable", "The image storage is unavailable. Retry in a moment.", {
    retryAfterSeconds: 2,
    cause,
  });

/** Error codes of temporary credentials that expired earlier than announced. */
const expiredCodes = new Set(["ExpiredToken", "InvalidToken", "TokenRefreshRequired"]);

const errorCode = ({ bytes }: { bytes: Buffer }): string =>
  /<Code>(\w{1,60})<\/Code>/.exec(bytes.toString("latin1", 0, 2000))?.[1] ?? "";

class BucketError extends Error {
  override readonly name = "BucketError";
  /** The S3 error code, for the log. The message is not logged, because it may contain secrets. */
  readonly code: string;

  constructor({ status, bytes }: { status: number; bytes: Buffer }) {
    super(`The bucket returned ${status}.`);
    this.code = `${status} ${errorCode({ bytes })}`.trim();
  }
}

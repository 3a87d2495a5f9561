import { createHash } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";
import { AppError } from "../../../core/app-error.ts";
import { startTimeout } from "../../../core/stall-tolerant-timeout.ts";
import type { StoredFile } from "./storage.ts";

export type BucketSettings = {
  endpoint: string;
  bucket: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Puts the name of the bucket in the path instead of the host name. */
  pathStyle: boolean;
  timeoutMs: number;
};

type Call = { method: "GET" | "PUT" | "DELETE"; name: string; body?: Buffer; signal?: AbortSignal };

/** A minimal S3 client: each call is signed with its body and has a time limit. */
export function createBucket({ endpoint, bucket, pathStyle, timeoutMs, ...identity }: BucketSettings) {
  const base = new URL(endpoint.replace(/\/*$/, "/"));
  if (pathStyle) base.pathname += `${bucket}/`;
  else base.hostname = `${bucket}.${base.hostname}`;

  const call = async ({ method, name, body, signal }: Call): Promise<{ status: number; bytes: Buffer }> => {
    const hash = createHash("sha256")
      .update(body ?? "")
      .digest("hex");
    const timedOut = new AbortController();
    const limit = startTimeout(timeoutMs, () => timedOut.abort());
    try {
      const headers = { "Content-Type": "image/webp", "X-Amz-Content-Sha256": hash };
      const signer = new AwsV4Signer({ ...identity, service: "s3", method, url: new URL(name, base).href, headers });
      const signed = await signer.sign();
      const response = await fetch(signed.url, {
        method,
        headers: signed.headers,
        body: body ? new Uint8Array(body) : null,
        redirect: "error",
        signal: signal ? AbortSignal.any([signal, timedOut.signal]) : timedOut.signal,
      });
      return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
    } catch (error) {
      signal?.throwIfAborted();
      throw unavailable(error);
    } finally {
      limit.cancel();
    }
  };

  return {
    async put({ name, bytes }: StoredFile): Promise<void> {
      const response = await call({ method: "PUT", name, body: bytes });
      if (response.status !== 200) throw unavailable(new BucketError(response));
    },
    async get(name: string, signal: AbortSignal): Promise<Buffer | undefined> {
      const response = await call({ method: "GET", name, signal });
      if (response.status === 404) return undefined;
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

export type Bucket = ReturnType<typeof createBucket>;

const unavailable = (cause: unknown) =>
  new AppError("unavailable", "The image storage is unavailable. Retry in a moment.", {
    retryAfterSeconds: 2,
    cause,
  });

class BucketError extends Error {
  override readonly name = "BucketError";
  /** Logged. The text of an S3 error may hold secrets and is not. */
  readonly code: string;

  constructor({ status, bytes }: { status: number; bytes: Buffer }) {
    super(`The bucket returned ${status}.`);
    this.code = `${status} ${/<Code>(\w{1,60})<\/Code>/.exec(bytes.toString("latin1", 0, 2000))?.[1] ?? ""}`.trim();
  }
}

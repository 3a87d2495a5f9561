import { createHash } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";
import { AppError } from "../../core/app-error.ts";
import type { StoredFile } from "./storage.ts";

export type BucketSettings = {
  endpoint: string;
  bucket: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** The bucket's name in the path, not in front of the host's. */
  pathStyle: boolean;
  timeoutMs: number;
};

type Call = { method: "GET" | "PUT" | "DELETE"; name: string; body?: Buffer; signal?: AbortSignal };

/** The three calls that we need of S3, each signed as a whole, and each ended at its time limit. */
export function createBucket({ endpoint, bucket, pathStyle, timeoutMs, ...identity }: BucketSettings) {
  const base = new URL(endpoint.replace(/\/*$/, "/"));
  if (pathStyle) base.pathname += `${bucket}/`;
  else base.hostname = `${bucket}.${base.hostname}`;

  const call = async ({ method, name, body, signal }: Call): Promise<{ status: number; bytes: Buffer }> => {
    const hash = createHash("sha256")
      .update(body ?? "")
      .digest("hex");
    const limit = AbortSignal.timeout(timeoutMs);
    try {
      const headers = { "Content-Type": "image/webp", "X-Amz-Content-Sha256": hash };
      const signer = new AwsV4Signer({ ...identity, service: "s3", method, url: new URL(name, base).href, headers });
      const signed = await signer.sign();
      const response = await fetch(signed.url, {
        method,
        headers: signed.headers,
        body: body ? new Uint8Array(body) : null,
        redirect: "error",
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      });
      return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
    } catch (error) {
      signal?.throwIfAborted();
      throw unavailable(error);
    }
  };

  return {
    async put({ name, bytes }: StoredFile): Promise<void> {
      const answer = await call({ method: "PUT", name, body: bytes });
      if (answer.status !== 200) throw unavailable(new BucketRefusal(answer));
    },
    async get(name: string, signal: AbortSignal): Promise<Buffer | undefined> {
      const answer = await call({ method: "GET", name, signal });
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw unavailable(new BucketRefusal(answer));
      return answer.bytes;
    },
    async remove(name: string): Promise<void> {
      const answer = await call({ method: "DELETE", name });
      if (answer.status !== 204 && answer.status !== 200 && answer.status !== 404)
        throw unavailable(new BucketRefusal(answer));
    },
  };
}

export type Bucket = ReturnType<typeof createBucket>;

const unavailable = (cause: unknown) =>
  new AppError("unavailable", "The storage of images cannot answer right now; try again in a moment.", {
    retryAfterSeconds: 2,
    cause,
  });

class BucketRefusal extends Error {
  override readonly name = "BucketRefusal";
  /** Codes reach the log; texts of others do not. */
  readonly code: string;

  constructor({ status, bytes }: { status: number; bytes: Buffer }) {
    super(`The bucket answered ${status}.`);
    this.code = `${status} ${/<Code>(\w{1,60})<\/Code>/.exec(bytes.toString("latin1", 0, 2000))?.[1] ?? ""}`.trim();
  }
}

import { createHash, createHmac } from "node:crypto";
import { CheckFailed } from "../../core/errors/failure-reason.ts";
import type { Check } from "../health/check.ts";
import { type CheckOptions, withDefaults } from "./check-options.ts";

/**
 * The options of `s3Check`.
 * @example const options: S3CheckOptions = { bucket: "photos", region: "eu-west-1", accessKeyId, secretAccessKey };
 */
export type S3CheckOptions = CheckOptions & {
  /** The name of the bucket. */
  bucket: string;
  /** The region of the bucket, which is part of the signature. */
  region: string;
  /** The id of the key that signs the request. */
  accessKeyId: string;
  /** The secret of that key. */
  secretAccessKey: string;
  /** The token of a temporary key. */
  sessionToken?: string;
  /** For stores other than AWS, for example `http://minio:9000`. The bucket becomes part of the path. */
  endpoint?: string;
  /**
   * Also checks that the object `health-check` can be written, and reports the result as the capability `write`. Not
   * critical unless set.
   */
  write?: boolean | { critical?: boolean; key?: string };
};

/**
 * Proves that a bucket can be read and, with `write`, written.
 * @example
 * const { AWS_ACCESS_KEY_ID: accessKeyId = "", AWS_SECRET_ACCESS_KEY: secretAccessKey = "" } = process.env;
 * const check = s3Check({ bucket: "photos", region: "eu-west-1", accessKeyId, secretAccessKey, write: true });
 */
export function s3Check(options: S3CheckOptions): Check {
  const { name = "s3", bucket, region, endpoint, write } = options;
  const base = endpoint === undefined ? `https://${bucket}.s3.${region}.amazonaws.com` : `${endpoint}/${bucket}`;
  const request = async (method: string, url: URL, body: string, signal: AbortSignal): Promise<void> => {
    const headers = signedHeaders(options, method, url, body, new Date());
    const response = await fetch(url, { method, headers, signal, ...(body !== "" && { body }) });
    await response.body?.cancel();
    if (!response.ok) throw new CheckFailed(response.status === 403 ? "forbidden" : "failed");
  };
  const read = { ...withDefaults(options), run: (signal: AbortSignal) => request("HEAD", new URL(base), "", signal) };
  if (write === undefined || write === false) return { name, ...read };
  const { critical = false, key = "health-check" } = write === true ? {} : write;
  const object = new URL(`${base}/${key.split("/").map(encodeURIComponent).join("/")}`);
  return {
    name,
    capabilities: { read, write: { critical, run: (signal) => request("PUT", object, "health check", signal) } },
  };
}

type Signer = Pick<S3CheckOptions, "region" | "accessKeyId" | "secretAccessKey" | "sessionToken">;

/** AWS Signature Version 4 of a request without a query. */
function signedHeaders(
  { region, accessKeyId, secretAccessKey, sessionToken }: Signer,
  method: string,
  url: URL,
  body: string,
  now: Date,
): Record<string, string> {
  const time = now.toISOString().replaceAll(/[-:]|\.\d{3}/g, "");
  const day = time.slice(0, 8);
  const scope = `${day}/${region}/s3/aws4_request`;
  const signed: Record<string, string> = {
    host: url.host,
    "x-amz-content-sha256": sha256(body),
    "x-amz-date": time,
    ...(sessionToken !== undefined && { "x-amz-security-token": sessionToken }),
  };
  const names = Object.keys(signed).join(";");
  const lines = Object.entries(signed).map(([name, value]) => `${name}:${value}\n`);
  const canonical = [method, url.pathname, "", lines.join(""), names, sha256(body)].join("\n");
  const key = [day, region, "s3", "aws4_request"].reduce<string | Buffer>(
    (parent, part) => createHmac("sha256", parent).update(part).digest(),
    `AWS4${secretAccessKey}`,
  );
  const text = ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n");
  const signature = createHmac("sha256", key).update(text).digest("hex");
  const { host: _, ...headers } = signed;
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

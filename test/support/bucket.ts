import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atEnd } from "../shared/at-end.ts";

type S3rver = { configureBuckets(): Promise<unknown>; callback(): RequestListener };
type S3rverOptions = { directory: string; silent: boolean; configureBuckets: readonly { name: string }[] };
const load = createRequire(new URL("./s3-server/", import.meta.url));

const bucket = "haven-photos";
const credentials = { accessKeyId: "S3RVER", secret: "S3RVER" };

export type TestBucket = {
  url: string;
  env: Record<string, string>;
  /** Returns the names of the objects, without the object of the health check. */
  names(): string[];
  /** Returns the number of requests with a wrong signature. */
  refused(): number;
};

/** Starts an S3-compatible server with a bucket. The server accepts any signature, so a proxy verifies signatures first. */
export async function startBucket(): Promise<TestBucket> {
  const directory = mkdtempSync(join(tmpdir(), "haven-bucket-"));
  const S3rver = load("s3rver") as new (options: S3rverOptions) => S3rver;
  const s3 = new S3rver({ directory, silent: true, configureBuckets: [{ name: bucket }] });
  await s3.configureBuckets();
  const answer = s3.callback();
  let refused = 0;
  const server = createServer((request, response) => {
    if (isSigned(request, credentials.secret)) return answer(request, response);
    refused += 1;
    response.writeHead(403).end("<Error><Code>SignatureDoesNotMatch</Code></Error>");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(() => {
    server.close();
    server.closeAllConnections();
    rmSync(directory, { recursive: true, force: true });
  });
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : address}`;
  return {
    url,
    env: {
      S3_BUCKET: bucket,
      S3_ENDPOINT: url,
      S3_REGION: "eu-west-1",
      S3_ACCESS_KEY_ID: credentials.accessKeyId,
      S3_SECRET_ACCESS_KEY: credentials.secret,
    },
    names: () =>
      readdirSync(join(directory, bucket))
        .flatMap((file) => /^(.*)\._S3rver_object$/.exec(file)?.[1] ?? [])
        .filter((name) => name !== "haven-health"),
    refused: () => refused,
  };
}

/**
 * Verifies the AWS Signature Version 4 of a request without a query. The code is independent of the client under test.
 */
export function isSigned(
  { method, url = "", headers }: Pick<IncomingMessage, "method" | "url" | "headers">,
  secret: string,
): boolean {
  const authorizationPattern =
    /^AWS4-HMAC-SHA256 Credential=[^/]+\/((\d{8})\/([^/]+)\/s3\/aws4_request), ?SignedHeaders=([^,]+), ?Signature=(\w{64})$/;
  const [, scope, day = "", region = "", signedHeaders = "", signature] =
    authorizationPattern.exec(headers.authorization ?? "") ?? [];
  const headerLines = signedHeaders.split(";").map((name) => `${name}:${String(headers[name]).trim()}\n`);
  const canonical = [method, url, "", headerLines.join(""), signedHeaders, headers["x-amz-content-sha256"]].join("\n");
  const stringToSign = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hash(canonical)].join("\n");
  const key = [day, region, "s3", "aws4_request"].reduce<string | Buffer>(
    (parent, part) => createHmac("sha256", parent).update(part).digest(),
    `AWS4${secret}`,
  );
  return createHmac("sha256", key).update(stringToSign).digest("hex") === signature;
}

const hash = (text: string): string => createHash("sha256").update(text).digest("hex");

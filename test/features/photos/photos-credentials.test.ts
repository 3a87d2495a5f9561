import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { readConfig } from "../../../src/config/read-config.ts";
import { createBucket } from "../../../src/features/photos/storage/bucket.ts";
import { createBucketCredentials } from "../../../src/features/photos/storage/credentials/bucket-credentials.ts";
import { type Credentials, cacheCredentials } from "../../../src/features/photos/storage/credentials/credentials.ts";
import { atEnd } from "../../shared/at-end.ts";
import { startBucket } from "../../support/bucket.ts";

const folder = mkdtempSync(join(tmpdir(), "haven-credentials-"));
atEnd(() => rmSync(folder, { recursive: true }));
const tokenFile = join(folder, "token");
writeFileSync(tokenFile, "pod-token\n");

type ReceivedRequest = { method: string; path: string; headers: IncomingMessage["headers"]; body: string };
type Respond = (request: ReceivedRequest) => { status?: number; body: string };

/** Starts a server that responds like the documented services of AWS. */
async function startService(respond: Respond) {
  const requests: ReceivedRequest[] = [];
  const server = createServer(async (request, response) => {
    const { method = "", url = "", headers } = request;
    const received = { method, path: url, headers, body: await text(request) };
    requests.push(received);
    const { status = 200, body } = respond(received);
    response.writeHead(status).end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`, requests };
}

const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();
const asJson = (id = "S3RVER", expiration = inAnHour()) =>
  JSON.stringify({
    Code: "Success",
    AccessKeyId: id,
    SecretAccessKey: "S3RVER",
    Token: "session-token",
    Expiration: expiration,
  });

const bucket = await startBucket();
const { S3_ACCESS_KEY_ID: _id, S3_SECRET_ACCESS_KEY: _secret, ...withoutKeys } = bucket.env;

function open(env: Record<string, string>) {
  const settings = readConfig({ ...withoutKeys, ...env }).photos.bucket;
  if (settings === undefined) throw new Error("no bucket in these settings");
  return createBucket(settings, createBucketCredentials(settings));
}

test("in a pod of EKS, the server gets credentials with the token of the service account", async () => {
  const sts = await startService(() => ({
    body: `<AssumeRoleWithWebIdentityResponse><Credentials><AccessKeyId>S3RVER</AccessKeyId><SecretAccessKey>S3RVER</SecretAccessKey><SessionToken>session-token</SessionToken><Expiration>${inAnHour()}</Expiration></Credentials></AssumeRoleWithWebIdentityResponse>`,
  }));
  const files = open({
    AWS_ROLE_ARN: "arn:aws:iam::1:role/haven",
    AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
    AWS_ENDPOINT_URL_STS: sts.url,
  });
  await files.put({ name: "pod.webp", bytes: Buffer.from("1") });
  await files.put({ name: "pod-2.webp", bytes: Buffer.from("2") });
  assert.equal(sts.requests.length, 1);
  const form = new URLSearchParams(sts.requests[0]?.body);
  assert.equal(form.get("RoleArn"), "arn:aws:iam::1:role/haven");
  assert.equal(form.get("WebIdentityToken"), "pod-token");
});

test("in a container of ECS or EKS, the server gets credentials with the token in the file", async () => {
  const agent = await startService(() => ({ body: asJson() }));
  const files = open({
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.url}/v1/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
  });
  await files.put({ name: "container.webp", bytes: Buffer.from("1") });
  assert.equal((await files.get("container.webp", AbortSignal.timeout(1000)))?.toString(), "1");
  assert.deepEqual(
    agent.requests.map(({ path, headers }) => [path, headers.authorization]),
    [["/v1/credentials", "pod-token"]],
  );
});

test("on an instance of EC2, the server gets the credentials of the role with a token of the metadata service", async () => {
  const metadata = await startService(({ method, path, headers }) => {
    if (method === "PUT" && path === "/latest/api/token") return { body: "imds-token" };
    if (headers["x-aws-ec2-metadata-token"] !== "imds-token") return { status: 401, body: "" };
    return { body: path.endsWith("/security-credentials/") ? "haven-role\n" : asJson() };
  });
  const files = open({ AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url });
  await files.put({ name: "instance.webp", bytes: Buffer.from("1") });
  assert.equal(metadata.requests.at(-1)?.path, "/latest/meta-data/iam/security-credentials/haven-role");
});

test("without any credentials a call to the bucket fails with the code unavailable", async () => {
  const files = open({ AWS_EC2_METADATA_SERVICE_ENDPOINT: "http://127.0.0.1:1" });
  await assert.rejects(files.put({ name: "none.webp", bytes: Buffer.from("1") }), { code: "unavailable" });
});

test("credentials are renewed before they expire, and the old ones are used after a failed renewal", async () => {
  let timeMs = 0;
  let fetches = 0;
  const source = cacheCredentials(
    async (): Promise<Credentials> => {
      fetches += 1;
      if (fetches === 2) throw new Error("the service is unavailable");
      return { accessKeyId: `id ${fetches}`, secretAccessKey: "s", expiresAt: timeMs + 3_600_000 };
    },
    () => timeMs,
  );
  const id = async () => (await source.get()).accessKeyId;
  assert.deepEqual(await Promise.all([id(), id()]), ["id 1", "id 1"]);
  timeMs = 3_200_000;
  assert.equal(await id(), "id 1");
  timeMs = 3_400_000;
  assert.equal(await id(), "id 1", "the renewal failed");
  timeMs = 3_411_000;
  assert.equal(await id(), "id 3");
  source.invalidate();
  assert.equal(await id(), "id 4");
});

test("the server reads key files again for each call to the bucket", async () => {
  const [idFile, secretFile] = [join(folder, "id"), join(folder, "secret")];
  writeFileSync(idFile, "S3RVER\n");
  writeFileSync(secretFile, "wrong\n");
  const files = open({ S3_ACCESS_KEY_ID_FILE: idFile, S3_SECRET_ACCESS_KEY_FILE: secretFile });
  await assert.rejects(files.put({ name: "keys.webp", bytes: Buffer.from("1") }), { code: "unavailable" });
  writeFileSync(secretFile, "S3RVER\n");
  await files.put({ name: "keys.webp", bytes: Buffer.from("1") });
});

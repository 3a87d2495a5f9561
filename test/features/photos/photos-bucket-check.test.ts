import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import { test } from "node:test";
import { createBucketCheck } from "../../../src/features/photos/storage/bucket-check.ts";
import { atEnd } from "../../shared/at-end.ts";
import { eventually } from "../../shared/eventually.ts";
import { ask } from "../../shared/requests/http.ts";
import { sameSecret } from "../../shared/requests/people.ts";
import { startFaultProxy } from "../../shared/servers/fault-proxy.ts";
import { startBucket } from "../../support/bucket.ts";
import { addPhoto, owner, photoIn } from "../../support/fixtures/owners.ts";
import { type Haven, startHaven } from "../../support/haven.ts";
import { imageOf } from "../../support/kubernetes/images.ts";

type Detail = {
  checks: {
    s3: { status: string; critical: boolean; capabilities: Record<string, { status: string; reason: string | null }> };
  };
};

const s3Of = async ({ url }: Haven) => ((await ask(`${url}/health/detailed`)).json() as Detail).checks.s3;
const fast = { ...sameSecret, S3_TIMEOUT_MS: "300", HEALTH_CHECK_INTERVAL: "200", HEALTH_CHECK_TIMEOUT: "500" };

/** Starts a proxy in front of a bucket. While `readOnly` is set, the proxy rejects writes, like a bucket without write permission. */
async function startReadOnlyProxy(target: string) {
  const state = { readOnly: false, puts: 0 };
  const { hostname, port } = new URL(target);
  const server = createServer((incoming, response) => {
    if (incoming.method === "PUT") state.puts += 1;
    if (state.readOnly && incoming.method === "PUT") {
      incoming.resume();
      response.writeHead(403).end("<Error><Code>AccessDenied</Code></Error>");
      return;
    }
    const { method, url, headers } = incoming;
    const forwarded = httpRequest({ hostname, port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    forwarded.on("error", () => response.destroy());
    incoming.pipe(forwarded);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  return { state, url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}` };
}

test("the check of a bucket that refuses writes is impaired, images are served, and uploads are refused at once", async () => {
  const bucket = await startBucket();
  const readOnlyProxy = await startReadOnlyProxy(bucket.url);
  const haven = await startHaven({ env: { ...fast, ...bucket.env, S3_ENDPOINT: readOnlyProxy.url } });
  const up = await eventually(
    () => s3Of(haven),
    ({ status }) => status === "up",
  );
  assert.equal(up.critical, false);
  const person = await owner(haven.url);
  const image = await imageOf("jpeg");
  const photo = await addPhoto(haven.url, person, image);
  assert.equal(photo.status, 201);

  readOnlyProxy.state.readOnly = true;
  const upload = () => addPhoto(haven.url, person, image);
  assert.equal((await upload()).status, 503);
  const impaired = await eventually(
    () => s3Of(haven),
    ({ status }) => status === "impaired",
  );
  assert.partialDeepStrictEqual(impaired.capabilities, {
    read: { status: "up" },
    write: { status: "down", reason: "forbidden" },
  });
  const ready = await ask(`${haven.url}/ready`);
  assert.deepEqual([ready.status, (ready.json() as { status: string }).status], [200, "degraded"]);
  assert.equal((await ask(`${haven.url}${photoIn(photo).urls.page}`)).status, 200);
  const startedAt = performance.now();
  const refused = await upload();
  assert.deepEqual([refused.status, (refused.json() as { code: string }).code], [503, "read_only"]);
  assert.ok(performance.now() - startedAt < 250, "the breaker is open, so the bucket is not called");

  readOnlyProxy.state.readOnly = false;
  await eventually(
    () => s3Of(haven),
    ({ status }) => status === "up",
  );
  assert.equal((await upload()).status, 201);
});

test("the check of the bucket is down after a failed request to an unreachable bucket, and the instance stays ready", async () => {
  const bucket = await startBucket();
  const proxy = await startFaultProxy(bucket.url);
  const haven = await startHaven({ env: { ...fast, ...bucket.env, S3_ENDPOINT: proxy.url } });
  await eventually(
    () => s3Of(haven),
    ({ status }) => status === "up",
  );
  const person = await owner(haven.url);
  await proxy.set("refuse");
  assert.equal((await addPhoto(haven.url, person, await imageOf("jpeg"))).status, 503);
  const down = await eventually(
    () => s3Of(haven),
    ({ status }) => status === "down",
  );
  assert.equal(down.capabilities["read"]?.reason, "refused");
  assert.equal((await ask(`${haven.url}/ready`)).status, 200);
  await proxy.set("pass");
  await eventually(
    () => s3Of(haven),
    ({ status }) => status === "up",
  );
});

test("the check calls a working bucket once a minute for each capability, whatever the interval of the checks", async () => {
  let timeMs = 0;
  const calls = { get: 0, put: 0 };
  let stored: Buffer | undefined;
  const check = createBucketCheck({
    now: () => timeMs,
    bucket: {
      async put({ bytes }) {
        calls.put += 1;
        stored = bytes;
      },
      async get() {
        calls.get += 1;
        return stored;
      },
    },
  });
  const signal = AbortSignal.timeout(1000);
  for (; timeMs < 120_000; timeMs += 2000) await Promise.all([check.write(signal), check.read(signal)]);
  assert.deepEqual(calls, { get: 2, put: 2 });
  check.suspect();
  stored = Buffer.from("something else");
  await check.write(signal);
  stored = Buffer.from("something else");
  await assert.rejects(check.read(signal));
});

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTcpServer, type Server } from "node:net";
import { test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { z } from "zod";
import { certificateCheck } from "../../../src/kit/checks/certificate.ts";
import { dnsCheck } from "../../../src/kit/checks/dns.ts";
import { httpCheck } from "../../../src/kit/checks/http.ts";
import { s3Check } from "../../../src/kit/checks/s3.ts";
import { tcpCheck } from "../../../src/kit/checks/tcp.ts";
import type { Check } from "../../../src/kit/index.ts";
import { atEnd } from "../../shared/at-end.ts";
import { createAuthority } from "../../shared/certificates.ts";
import { eventually } from "../../shared/eventually.ts";
import { freePort } from "../../shared/free-port.ts";
import { startBucket } from "../../support/bucket.ts";
import { outcomeOf } from "./support.ts";

const portOf = (server: { address(): unknown }): number => z.object({ port: z.number() }).parse(server.address()).port;

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(() => server.close());
  return portOf(server);
}

/** Starts a server that accepts connections and never answers. */
async function startSilentServer() {
  let open = 0;
  const port = await listen(
    createTcpServer((socket) => {
      open += 1;
      socket.on("error", () => undefined).on("close", () => (open -= 1));
      socket.resume();
    }),
  );
  return { port, open: () => open };
}

const silent = await startSilentServer();
const refusedPort = await freePort();
const host = "127.0.0.1";
const s3Options = { bucket: "photos", region: "eu-west-1", accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };

const checksOn: Readonly<Record<string, (port: number) => Check>> = {
  http: (port) => httpCheck({ url: `http://${host}:${port}/` }),
  certificate: (port) => certificateCheck({ host, port }),
  s3: (port) => s3Check({ ...s3Options, endpoint: `http://${host}:${port}` }),
};

for (const [name, checkOn] of Object.entries(checksOn)) {
  test(`${name}: against a server that never answers, the check fails with timeout at its limit and closes the connection`, async () => {
    assert.equal(await outcomeOf(checkOn(silent.port), "read", 200), "timeout");
    await eventually(silent.open, (open) => open === 0);
  });
}

for (const [name, checkOn] of Object.entries({ ...checksOn, tcp: (port: number) => tcpCheck({ host, port }) })) {
  test(`${name}: a refused connection fails the check with the reason refused`, async () => {
    assert.equal(await outcomeOf(checkOn(refusedPort)), "refused");
  });
}

test("http: the status decides the result, redirects are not followed, and a body is not read", async () => {
  let status = 200;
  const body = "x".repeat(10_000_000);
  const port = await listen(
    createServer((_request, response) => response.writeHead(status, { location: "/elsewhere" }).end(body)),
  );
  const check = httpCheck({ url: `http://${host}:${port}/` });
  const outcomes: Record<number, string> = { 200: "passed", 204: "passed", 302: "failed", 401: "credentials" };
  for (const [code, outcome] of Object.entries({ ...outcomes, 403: "forbidden", 429: "over_limit", 503: "failed" })) {
    status = Number(code);
    assert.equal(await outcomeOf(check), outcome, code);
  }
  const any = httpCheck({ url: `http://${host}:${port}/`, accepts: (code) => code < 500 });
  status = 404;
  assert.equal(await outcomeOf(any), "passed");
});

test("tcp: an accepted connection passes and is closed", async () => {
  assert.equal(await outcomeOf(tcpCheck({ host, port: silent.port })), "passed");
  await eventually(silent.open, (open) => open === 0);
});

test("tcp: a connection that is not accepted fails the check", async () => {
  // No host has this address, because it is reserved for documentation.
  const outcome = await outcomeOf(tcpCheck({ host: "192.0.2.1", port: 9 }), undefined, 200);
  assert.match(outcome, /^(?:timeout|unreachable|refused)$/);
});

/** Starts a name server that resolves one name, or never answers after `silence`. */
async function startNameServer(knownName: string): Promise<{ address: string; silence(): void }> {
  const socket = createSocket("udp4");
  let isSilent = false;
  socket.on("message", (question, { port, address }) => {
    if (isSilent) return;
    const end = question.indexOf(0, 12) + 5;
    const labels = knownName.split(".").flatMap((label) => [label.length, ...Buffer.from(label)]);
    const isKnown = question.subarray(12, end).includes(Buffer.from(labels));
    const header = Buffer.from(question.subarray(0, 12));
    header.writeUInt16BE(isKnown ? 0x8180 : 0x8183, 2);
    header.writeUInt16BE(isKnown ? 1 : 0, 6);
    header.writeUInt32BE(0, 8);
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, 7]);
    const parts = [header, question.subarray(12, end), ...(isKnown ? [record] : [])];
    socket.send(Buffer.concat(parts), port, address);
  });
  socket.bind(0, host);
  await once(socket, "listening");
  atEnd(() => socket.close());
  return { address: `${host}:${portOf(socket)}`, silence: () => (isSilent = true) };
}

test("dns: a known name passes, an unknown one is unreachable, and a silent name server is a timeout", async () => {
  const server = await startNameServer("db.internal.test");
  const servers = [server.address];
  assert.equal(await outcomeOf(dnsCheck({ hostname: "db.internal.test", servers })), "passed");
  assert.equal(await outcomeOf(dnsCheck({ hostname: "other.internal.test", servers })), "unreachable");
  server.silence();
  const startedAt = performance.now();
  assert.equal(await outcomeOf(dnsCheck({ hostname: "db.internal.test", servers }), undefined, 300), "timeout");
  assert.ok(performance.now() - startedAt < 2000);
});

test("certificate: an expiring certificate fails with out_of_date, and a certificate for another name fails with tls", async () => {
  const authority = createAuthority();
  const ca = readFileSync(authority.caFile);
  const serve = async (names: readonly string[], days: number) => {
    const { certFile, keyFile } = authority.issue("orders", { names, days });
    const server = createTlsServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) });
    return { port: await listen(server), file: certFile };
  };
  const valid = await serve([host, "localhost"], 30);
  const expiring = await serve([host, "localhost"], 5);
  const other = await serve(["elsewhere.test"], 30);
  assert.equal(await outcomeOf(certificateCheck({ host, port: valid.port, ca })), "passed");
  assert.equal(await outcomeOf(certificateCheck({ host: "localhost", port: valid.port, ca })), "passed");
  assert.equal(await outcomeOf(certificateCheck({ host, port: valid.port, ca, minDays: 60 })), "out_of_date");
  assert.equal(await outcomeOf(certificateCheck({ host, port: expiring.port, ca })), "out_of_date");
  assert.equal(await outcomeOf(certificateCheck({ host, port: other.port, ca })), "tls");
  assert.equal(await outcomeOf(certificateCheck({ host, port: valid.port })), "tls", "an unknown authority");
  assert.equal(await outcomeOf(certificateCheck({ file: valid.file })), "passed");
  assert.equal(await outcomeOf(certificateCheck({ file: expiring.file })), "out_of_date");
  assert.equal(await outcomeOf(certificateCheck({ file: "/nonexistent/tls.crt" })), "failed");
});

test("s3: a bucket is read and written with signed requests; a wrong key is forbidden, an unknown bucket fails", async () => {
  const bucket = await startBucket();
  const name = bucket.env["S3_BUCKET"] ?? "";
  const options = { ...s3Options, bucket: name, endpoint: bucket.url, write: true };
  for (const capability of ["read", "write", "write"]) {
    assert.equal(await outcomeOf(s3Check(options), capability), "passed", capability);
  }
  assert.deepEqual(bucket.names(), ["health-check"]);
  assert.equal(await outcomeOf(s3Check({ ...options, secretAccessKey: "wrong" }), "read"), "forbidden");
  assert.equal(await outcomeOf(s3Check({ ...options, bucket: "unknown" }), "read"), "failed");
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createServer } from "node:tls";
import { watchCertificates } from "../../src/core/certificate-watch.ts";
import { readEndpointCertificate } from "../../src/core/endpoint-certificate.ts";
import { atEnd } from "../shared/at-end.ts";
import { createAuthority } from "../shared/certificates.ts";
import { eventually } from "../shared/eventually.ts";
import { freePort } from "../shared/free-port.ts";
import { without } from "../shared/programs.ts";
import { ask } from "../shared/requests/http.ts";
import { askRedis } from "../shared/servers/redis-servers.ts";
import { startTlsRedis } from "../shared/servers/tls-redis.ts";
import { startHaven } from "../support/haven.ts";

const skip = without("redis-server") || without("openssl");

test("the expiry time of a dependency's certificate is in the metrics and in /health/detailed", { skip }, async () => {
  const { env } = await startTlsRedis({ days: 30 });
  const haven = await startHaven({ env });
  const metrics = () => ask(`${haven.url}/metrics`);
  const seen = await eventually(metrics, ({ text }) => text.includes("tls_certificate_expiry_timestamp_seconds{"));
  const [, of, expiresAt] = /^tls_certificate_expiry_timestamp_seconds\{of="(\w+)"\} (\d+)$/m.exec(seen.text) ?? [];
  assert.equal(of, "redis");
  assert.ok(Math.abs(Number(expiresAt) * 1000 - Date.now() - 30 * 86_400_000) < 3_600_000);
  const { certificates } = (await ask(`${haven.url}/health/detailed`)).json() as { certificates: unknown[] };
  assert.partialDeepStrictEqual(certificates, [{ of: "redis", daysLeft: 29 }]);
});

test("a renewed certificate is reported although the connection with the old one stays open", { skip }, async () => {
  const { server, authority, env } = await startTlsRedis({ days: 5 });
  const watch = watchCertificates({ everyMs: 50 });
  atEnd(watch.stop);
  const haven = await startHaven({ env, overrides: { certificates: watch } });
  const daysLeft = async () => {
    const report = (await ask(`${haven.url}/health/detailed`)).json() as { certificates: { daysLeft: number }[] };
    return report.certificates[0]?.daysLeft;
  };
  await eventually(daysLeft, (days) => days === 4);
  const { certFile, keyFile } = authority.issue("redis", { names: ["127.0.0.1"], days: 90 });
  await askRedis(server.port, "config", "set", "tls-cert-file", certFile, "tls-key-file", keyFile);
  await eventually(daysLeft, (days) => days === 89);
});

test("with several servers the earliest expiry time is reported, and a failed refresh changes nothing", async () => {
  const watch = watchCertificates({ everyMs: 20 });
  atEnd(watch.stop);
  watch.record("redis", 2000);
  watch.record("redis", 1000);
  watch.record("redis", 3000);
  watch.record("postgres", undefined);
  assert.deepEqual(watch.all(), [{ of: "redis", expiresAt: 1000 }]);
  const reads = ["fail", 5000];
  watch.refreshWith("redis", async () => {
    const next = reads.shift();
    if (next === "fail") throw new Error("unavailable");
    return typeof next === "number" ? next : undefined;
  });
  await eventually(
    () => reads.length,
    (left) => left === 0,
  );
  await eventually(watch.all, ([one]) => one?.expiresAt === 5000);
});

test("the certificate of an endpoint is read, also if it has expired", { skip }, async () => {
  const { certFile, keyFile } = createAuthority().issue("bucket", { names: ["127.0.0.1"], days: -1 });
  const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) });
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(() => void server.close());
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const expiresAt = await readEndpointCertificate(`https://127.0.0.1:${port}`);
  assert.ok(expiresAt !== undefined && expiresAt < Date.now());
  assert.equal(await readEndpointCertificate(`http://127.0.0.1:${port}`), undefined);
  await assert.rejects(readEndpointCertificate(`https://127.0.0.1:${await freePort()}`), { code: "ECONNREFUSED" });
});

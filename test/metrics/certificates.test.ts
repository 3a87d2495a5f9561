import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createServer, type Server } from "node:tls";
import { watchCertificates } from "../../src/core/network/certificate-watch.ts";
import { readEndpointCertificate } from "../../src/core/network/endpoint-certificate.ts";
import type { HealthReport } from "../../src/kit/index.ts";
import { atEnd } from "../shared/at-end.ts";
import { createAuthority } from "../shared/certificates.ts";
import { eventually } from "../shared/eventually.ts";
import { freePort } from "../shared/free-port.ts";
import { without } from "../shared/programs.ts";
import { ask } from "../shared/requests/http.ts";
import { register, sameSecret } from "../shared/requests/people.ts";
import { startMailServer } from "../shared/servers/mail-server.ts";
import { askRedis } from "../shared/servers/stores/redis-servers.ts";
import { startTlsRedis } from "../shared/servers/stores/tls-redis.ts";
import { startHaven } from "../support/haven.ts";
import { metric } from "../support/metric.ts";

const skip = without("redis-server") || without("openssl");

test("the expiry time of a dependency's certificate is in the metrics and in /health/detailed", { skip }, async () => {
  const { env } = await startTlsRedis({ days: 30 });
  const haven = await startHaven({ env });
  const metrics = () => ask(`${haven.url}/metrics`);
  const exposed = await eventually(metrics, ({ text }) => text.includes("tls_certificate_expiry_timestamp_seconds{"));
  const [, of, expiresAt] = /^tls_certificate_expiry_timestamp_seconds\{of="(\w+)"\} (\d+)$/m.exec(exposed.text) ?? [];
  assert.equal(of, "redis");
  assert.ok(Math.abs(Number(expiresAt) * 1000 - Date.now() - 30 * 86_400_000) < 3_600_000);
  const { certificates } = (await ask(`${haven.url}/health/detailed`)).json() as { certificates: unknown[] };
  assert.partialDeepStrictEqual(certificates, [{ of: "redis", daysLeft: 29 }]);
});

test("a renewed certificate is reported although the connection with the old one stays open", { skip }, async () => {
  const { server, authority, env } = await startTlsRedis({ days: 5 });
  const watch = watchCertificates({ intervalMs: 50 });
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

test("the certificates of the mail server and of an issuer are reported; a renewed certificate is reported after the next mail", {
  skip,
}, async () => {
  const authority = createAuthority();
  const pair = (days: number) => {
    const { certFile, keyFile } = authority.issue("server", { names: ["127.0.0.1"], days });
    return { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  };
  const mail = await startMailServer({ secure: true, ...pair(20) });
  const issuer = createServer(pair(6)).on("tlsClientError", () => undefined);
  issuer.listen(0, "127.0.0.1");
  await once(issuer, "listening");
  atEnd(() => void issuer.close());
  const haven = await startHaven({
    env: {
      ...sameSecret,
      MAIL_URL: mail.url,
      MAIL_FROM: "no-reply@example.com",
      MAIL_CA_FILE: authority.caFile,
      PUBLIC_URL: "https://app.example.com",
      TRUSTED_ISSUERS: `https://127.0.0.1:${portOf(issuer)}`,
      TRUSTED_AUDIENCE: "haven-test",
    },
  });
  const daysLeft = async () => {
    const report = (await ask(`${haven.url}/health/detailed`)).json() as HealthReport;
    return new Map(report.certificates.map((one) => [one.of, one.daysLeft]));
  };
  await eventually(daysLeft, (days) => days.get("mail") === 19 && days.get("issuer-1") === 5, 20_000);
  for (const name of ["mail", "issuer-1"])
    assert.ok((await metric(haven.url, `tls_certificate_expiry_timestamp_seconds{of="${name}"}`)) > Date.now() / 1000);

  await mail.stop();
  const renewed = await startMailServer({ secure: true, port: mail.port, ...pair(90) });
  await renewed.mailTo((await register(haven.url)).email);
  // 89, or 90 if the time of the report is before the time at which the certificate was issued.
  assert.ok(Number((await daysLeft()).get("mail")) >= 89);
});

test("with several servers the earliest expiry time is reported, and a failed refresh changes nothing", async () => {
  const watch = watchCertificates({ intervalMs: 20 });
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
  const expiresAt = await readEndpointCertificate(`https://127.0.0.1:${portOf(server)}`);
  assert.ok(expiresAt !== undefined && expiresAt < Date.now());
  assert.equal(await readEndpointCertificate(`http://127.0.0.1:${portOf(server)}`), undefined);
  await assert.rejects(readEndpointCertificate(`https://127.0.0.1:${await freePort()}`), { code: "ECONNREFUSED" });
});

const portOf = (server: Server): number => {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
};

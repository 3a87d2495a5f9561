import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import type { SMTPServerOptions } from "smtp-server";
import { atEnd } from "../shared/at-end.ts";
import { type Authority, type Certificate, createAuthority } from "../shared/certificates.ts";
import { eventually } from "../shared/eventually.ts";
import { ask, postJson } from "../shared/requests/http.ts";
import { register, sameSecret } from "../shared/requests/people.ts";
import { startMailServer } from "../shared/servers/mail-server.ts";
import { asAppRole, freshDatabase, query } from "../shared/servers/stores/database.ts";
import { type Haven, startHaven } from "../support/haven.ts";
import { metric } from "../support/metric.ts";

// Tests of the connection to the mail server: TLS, certificates and passwords.

let authority: Authority;
before(() => {
  authority = createAuthority();
});

const settings = {
  ...sameSecret,
  MAIL_FROM: "no-reply@example.com",
  PUBLIC_URL: "https://app.example.com",
  HEALTH_CHECK_INTERVAL: "500",
};

const withCertificate = ({ certFile, keyFile }: Certificate): SMTPServerOptions => ({
  key: readFileSync(keyFile),
  cert: readFileSync(certFile),
});

const reasonOf = async ({ url }: Haven): Promise<string | null | undefined> => {
  const { checks } = (await ask(`${url}/health/detailed`)).json() as {
    checks: Record<string, { reason: string | null }>;
  };
  return checks["mail"]?.reason;
};

/** Starts a mail server that requires a password. Records the password of each sign-in, and whether TLS protected it. */
async function startWithPassword(options: SMTPServerOptions) {
  const state = { password: "first", signIns: [] as { secure: boolean; password: string | null | undefined }[] };
  const server = await startMailServer({
    ...options,
    authOptional: false,
    onAuth({ username, password }, { secure }, done) {
      state.signIns.push({ secure, password });
      if (password === state.password) done(null, { user: username });
      else done(Object.assign(new Error("wrong password"), { responseCode: 535 }));
    },
  });
  const urlWith = (password: string) => server.url.replace("//127.0.0.1", `//haven:${password}@localhost`);
  return { ...server, state, urlWith };
}

for (const [name, isSecure] of [
  ["STARTTLS", false],
  ["TLS from the first byte", true],
] as const)
  test(`with ${name}, the certificate is verified with MAIL_CA_FILE, and a metric has the expiry time of the certificate`, async () => {
    const mail = await startWithPassword({ secure: isSecure, ...withCertificate(authority.issue("localhost")) });
    const env = { ...settings, MAIL_URL: mail.urlWith("first"), MAIL_CA_FILE: authority.caFile };
    const haven = await startHaven({ env });
    const { email } = await register(haven.url);
    await mail.mailTo(email);
    assert.ok(mail.state.signIns.length > 0);
    for (const signIn of mail.state.signIns) assert.deepEqual(signIn, { secure: true, password: "first" });
    const expirySeconds = await metric(haven.url, 'tls_certificate_expiry_timestamp_seconds{of="mail"}');
    assert.ok(expirySeconds > Date.now() / 1000 + 20 * 86_400);
  });

test("a mail server whose certificate cannot be verified receives no password and no mail, and the instance stays ready", async () => {
  const otherAuthority = createAuthority("Another authority");
  for (const certificate of [
    otherAuthority.issue("localhost"),
    authority.issue("mail.example.org", { names: ["mail.example.org"] }),
    authority.issue("localhost", { days: -1 }),
  ]) {
    const mail = await startWithPassword({ secure: true, ...withCertificate(certificate) });
    const env = { ...settings, MAIL_URL: mail.urlWith("first"), MAIL_CA_FILE: authority.caFile };
    const haven = await startHaven({ env });
    await register(haven.url);
    await eventually(
      () => reasonOf(haven),
      (reason) => reason === "tls",
      20_000,
    );
    await eventually(
      () => metric(haven.url, 'mail_deliveries_total{outcome="repeated"}'),
      (count) => count >= 1,
      20_000,
    );
    assert.equal((await ask(`${haven.url}/ready`)).status, 200);
    assert.deepEqual(mail.state.signIns, []);
    assert.deepEqual(mail.received, []);
    await haven.stop();
  }
});

test("the server reads MAIL_URL_FILE again for each connection, so a new password needs no restart", async () => {
  const mail = await startWithPassword(withCertificate(authority.issue("localhost")));
  const folder = mkdtempSync(join(tmpdir(), "haven-mail-"));
  atEnd(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "mail-url");
  writeFileSync(file, `${mail.urlWith("first")}\n`);
  const database = await freshDatabase();
  const env = { ...settings, DATABASE_URL: asAppRole(database), MAIL_URL_FILE: file, MAIL_CA_FILE: authority.caFile };
  const haven = await startHaven({ env });
  await mail.mailTo((await register(haven.url)).email);

  mail.state.password = "second";
  const { email } = await register(haven.url);
  await eventually(
    () => reasonOf(haven),
    (reason) => reason === "credentials",
    20_000,
  );
  writeFileSync(file, mail.urlWith("second"));
  // The next attempt would start only after a pause, so the test moves its start time.
  await query(database, "UPDATE haven_jobs.job SET start_after = now() WHERE name = 'mail'");
  await mail.mailTo(email);
  await eventually(
    () => reasonOf(haven),
    (reason) => reason === null,
    20_000,
  );
  const logs = JSON.stringify(haven.logs);
  assert.ok(!logs.includes("second") && !logs.includes("haven:first"), "no password is logged");
  assert.equal((await postJson(`${haven.url}/api/v1/auth/forgot-password`, { email })).status, 202);
  await mail.mailTo(email, 2);
});

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { has } from "../shared/programs.ts";
import { send } from "../shared/requests/proxy-client.ts";
import { runProgram } from "../shared/run-program.ts";
import {
  checkHaproxy,
  haproxyIsAtLeast,
  installHaproxy,
  makeCertificate,
  startHaproxy,
} from "../shared/servers/proxies.ts";
import { startFakeUpstreams } from "./support/fake-upstreams.ts";

const page = readFileSync(new URL("../../docs/load-balancing.md", import.meta.url), "utf8");

/** Returns the command of docs/load-balancing.md below a marker. */
const commandOf = (marker: string): string =>
  new RegExp(`<!-- ${marker} -->\n\`\`\`sh\n([\\s\\S]*?)\n\`\`\``).exec(page)?.[1] ?? "";

const env = {
  HAVEN_ACME: "yes",
  HAVEN_ACME_DOMAINS: "api.haven.com,www.haven.com",
  HAVEN_ACME_CONTACT: "ops@haven.com",
  HAVEN_ACME_DIRECTORY: "https://127.0.0.1:14000/dir",
};

test("haproxy before 3.2 does not start with HAVEN_ACME=yes, and the message names the version", async (t) => {
  if (await haproxyIsAtLeast("3.2")) return t.diagnostic("not run: applies to HAProxy before 3.2");
  await installHaproxy();
  const { code, output } = await checkHaproxy(env);
  assert.equal(code, 1);
  assert.match(output, /HAVEN_ACME=yes needs HAProxy 3\.2 or newer/);
});

test("haproxy 3.2 gets its certificate from an ACME authority, and the commands of docs/load-balancing.md save the certificate for the next start", async (t) => {
  if (!(await haproxyIsAtLeast("3.2")) || !has("pebble")) return t.diagnostic("not run: needs HAProxy 3.2 and pebble");
  await startFakeUpstreams();
  await startAuthority();
  // The test authority has a self-signed certificate, so HAProxy must not verify it.
  const edit = (file: string) =>
    file.replace("    expose-experimental-directives\n", "$&    httpclient.ssl.verify none\n");
  const proxy = await startHaproxy({ env, edit });
  assert.doesNotMatch((await servedCertificate()).issuer, /Pebble/);
  assert.equal((await send("/.well-known/acme-challenge/unknown")).status, 200, "forwarded to an instance");

  await runCommand("acme-renew");
  const certificate = await eventually(servedCertificate, ({ issuer }) => issuer.includes("Pebble"), 60_000, 200);
  assert.deepEqual(certificate.names.sort(), ["api.haven.com", "www.haven.com"]);

  await runCommand("acme-save");
  await proxy.reload();
  assert.match((await servedCertificate()).issuer, /Pebble/);
});

/** Starts Pebble, and a DNS server that resolves every name to this machine. */
async function startAuthority(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "haven-acme-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  await makeCertificate(folder, "key.pem", "cert.pem");
  const config = {
    pebble: {
      listenAddress: "127.0.0.1:14000",
      managementListenAddress: "127.0.0.1:15000",
      certificate: join(folder, "cert.pem"),
      privateKey: join(folder, "key.pem"),
      httpPort: 80,
      tlsPort: 443,
      retryAfter: { authz: 1, order: 1 },
    },
  };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  const off = ["-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "", "-defaultIPv6", ""];
  start("pebble-challtestsrv", [...off, "-dnsserver", "127.0.0.1:8053", "-management", "127.0.0.1:8055"]);
  start("pebble", ["-config", join(folder, "config.json"), "-dnsserver", "127.0.0.1:8053"]);
}

function start(command: string, args: readonly string[]): void {
  const settings = { PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "0" };
  const child = spawn(command, args, { stdio: "ignore", env: { ...process.env, ...settings } });
  atEnd(() => child.kill());
}

async function runCommand(marker: string): Promise<void> {
  const command = commandOf(marker);
  assert.notEqual(command, "", `docs/load-balancing.md has no command ${marker}`);
  const { code, output } = await runProgram("bash", ["-o", "pipefail", "-ec", command]);
  assert.equal(code, 0, output);
}

async function servedCertificate(): Promise<{ issuer: string; names: string[] }> {
  const show = "openssl s_client -connect 127.0.0.1:443 -servername api.haven.com </dev/null 2>/dev/null";
  const { output } = await runProgram("sh", ["-c", `${show} | openssl x509 -noout -issuer -ext subjectAltName`]);
  const names = [...output.matchAll(/DNS:([\w.]+)/g)].map(([, name = ""]) => name);
  return { issuer: /^issuer=.*$/m.exec(output)?.[0] ?? "", names };
}

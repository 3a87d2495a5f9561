import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createTlsReader } from "../../src/config/files/tls-files.ts";
import { readConfig } from "../../src/config/read-config.ts";
import { ConfigError } from "../../src/config/setting-problems.ts";
import { atEnd } from "../shared/at-end.ts";
import { createAuthority } from "../shared/certificates.ts";
import { without } from "../shared/programs.ts";

const skip = without("openssl");
const authority = skip ? undefined : createAuthority();
const [firstPair, secondPair] = [authority?.issue("one"), authority?.issue("two")];
const folder = mkdtempSync(join(tmpdir(), "haven-pair-"));
atEnd(() => rmSync(folder, { recursive: true }));
const textOf = (file = "") => readFileSync(file, "utf8").trimEnd();

test("while a replaced certificate and its key do not match, the last pair that matched is used", { skip }, () => {
  const [certFile, keyFile] = [join(folder, "cert"), join(folder, "key")];
  const put = (from = "", to = "") => copyFileSync(from, to);
  put(firstPair?.certFile, certFile);
  put(firstPair?.keyFile, keyFile);
  const read = createTlsReader({ certFile, keyFile });
  const first = { ca: undefined, cert: textOf(firstPair?.certFile), key: textOf(firstPair?.keyFile) };
  assert.deepEqual(read(), first);
  put(secondPair?.certFile, certFile);
  assert.deepEqual(read(), first);
  writeFileSync(keyFile, textOf(secondPair?.keyFile).slice(0, 80));
  assert.deepEqual(read(), first);
  put(secondPair?.keyFile, keyFile);
  assert.deepEqual(read(), { ca: undefined, cert: textOf(secondPair?.certFile), key: textOf(secondPair?.keyFile) });
});

test("an encrypted key refuses the start, and the reason names the passphrase", { skip }, () => {
  const keyFile = join(folder, "encrypted");
  const { privateKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" },
  });
  writeFileSync(keyFile, privateKey);
  assert.throws(
    () => readConfig({ DATABASE_CERT_FILE: firstPair?.certFile, DATABASE_KEY_FILE: keyFile }),
    (error) => error instanceof ConfigError && /^DATABASE_KEY_FILE must name .* no passphrase$/m.test(error.message),
  );
});

test("a key that does not belong to its certificate refuses the start", { skip }, () => {
  const settings = { DATABASE_CERT_FILE: firstPair?.certFile ?? "", DATABASE_KEY_FILE: secondPair?.keyFile ?? "" };
  assert.throws(
    () => readConfig(settings),
    (error) => error instanceof ConfigError && /^DATABASE_KEY_FILE names a key that does not/.test(error.message),
  );
  readConfig({ ...settings, DATABASE_KEY_FILE: firstPair?.keyFile ?? "" });
});

import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atEnd } from "./at-end.ts";

export type Certificate = { certFile: string; keyFile: string };

export type Authority = {
  caFile: string;
  /** Signs a certificate for host names or addresses. If `days` is negative, the certificate has already expired. */
  issue(
    commonName: string,
    options?: { names?: readonly string[]; days?: number; owner?: Owner | undefined },
  ): Certificate;
};

type Owner = { uid: number; gid: number };

/** Creates a certificate authority for one test file. */
export function createAuthority(name = "Test authority"): Authority {
  const folder = mkdtempSync(join(tmpdir(), "haven-certificates-"));
  chmodSync(folder, 0o755);
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const caFile = join(folder, "ca.pem");
  const caKey = join(folder, "ca.key");
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl("req", "-x509", ...newKey, "-keyout", caKey, "-out", caFile, "-subj", `/CN=${name}`, "-days", "30");
  let count = 0;

  return {
    caFile,
    issue(commonName, { names = ["127.0.0.1", "localhost"], days = 30, owner } = {}) {
      count += 1;
      const [request, certFile, keyFile, extensions] = ["csr", "pem", "key", "ext"].map((end) =>
        join(folder, `${count}.${end}`),
      );
      const paths = {
        request: `${request}`,
        certFile: `${certFile}`,
        keyFile: `${keyFile}`,
        extensions: `${extensions}`,
      };
      const alternatives = names.map((one) => `${/^[\d.:]+$/.test(one) ? "IP" : "DNS"}:${one}`).join(",");
      writeFileSync(paths.extensions, `subjectAltName=${alternatives}\n`);
      openssl("req", ...newKey, "-keyout", paths.keyFile, "-out", paths.request, "-subj", `/CN=${commonName}`);
      openssl(
        ...["x509", "-req", "-in", paths.request, "-CA", caFile, "-CAkey", caKey, "-CAcreateserial"],
        ...["-days", String(days), "-extfile", paths.extensions, "-out", paths.certFile],
      );
      chmodSync(paths.keyFile, 0o600);
      if (owner !== undefined) chownSync(paths.keyFile, owner.uid, owner.gid);
      return { certFile: paths.certFile, keyFile: paths.keyFile };
    },
  };
}

import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { connect } from "node:tls";
import { CheckFailed } from "../../core/errors/failure-reason.ts";
import type { Check } from "../health/check.ts";
import { type CheckOptions, withDefaults } from "./check-options.ts";

/**
 * The options of `certificateCheck`.
 * @example const options: CertificateCheckOptions = { host: "orders.example.com", minDays: 21, critical: false };
 */
export type CertificateCheckOptions = CheckOptions & {
  /** The check fails when the certificate is valid for fewer days than this; 14 unless set. */
  minDays?: number;
} & (
    | {
        /** A PEM file; only its first certificate is read. */
        file: string;
      }
    | {
        /** The name of the server, which the certificate must contain. */
        host: string;
        /** 443 unless set. */
        port?: number;
        /** PEM of the authorities to trust, in place of those of Node. */
        ca?: string | Buffer;
      }
  );

const dayMs = 86_400_000;

/**
 * Fails with `out_of_date` when a certificate expires soon, and with `tls` when a server's certificate is not valid for
 * its name. Not critical unless set: the certificate still works.
 * @example const check = certificateCheck({ host: "orders.example.com", minDays: 21 });
 * @example const check = certificateCheck({ file: "/etc/tls/tls.crt" });
 */
export function certificateCheck(options: CertificateCheckOptions): Check {
  const { name = "certificate", critical = false, minDays = 14 } = options;
  return {
    name,
    ...withDefaults({ ...options, critical }),
    async run(signal) {
      const validUntil = "file" in options ? await expiryInFile(options.file, signal) : await expiryOf(options, signal);
      if (validUntil - Date.now() < minDays * dayMs) throw new CheckFailed("out_of_date");
    },
  };
}

async function expiryInFile(file: string, signal: AbortSignal): Promise<number> {
  return Date.parse(new X509Certificate(await readFile(file, { signal })).validTo);
}

async function expiryOf(
  { host, port = 443, ca }: { host: string; port?: number; ca?: string | Buffer },
  signal: AbortSignal,
): Promise<number> {
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const socket = connect({ host, port, ...servername, ...(ca !== undefined && { ca }) });
  try {
    await once(socket, "secureConnect", { signal });
    return Date.parse(socket.getPeerCertificate().valid_to);
  } finally {
    socket.destroy();
    // Without a listener, an error after the abort would end the process.
    socket.on("error", () => undefined);
  }
}

import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";

/** A certificate and its private key in PEM. */
export type CertificatePair = { cert: string | undefined; key: string | undefined };

/** Returns false if the files have a certificate and a key that do not belong together. */
export function filesFit(certFile: string, keyFile: string): boolean {
  try {
    return new X509Certificate(readFileSync(certFile)).checkPrivateKey(createPrivateKey(readFileSync(keyFile)));
  } catch {
    // What is wrong with a file is reported where the file is checked.
    return true;
  }
}

/** Returns whether Node would connect with the pair instead of throwing an error. */
export function isUsable({ cert, key }: CertificatePair): boolean {
  // The passphrase of an encrypted key is not known here.
  if (cert === undefined || key === undefined || key.includes("ENCRYPTED")) return true;
  try {
    createSecureContext({ cert, key });
    return true;
  } catch {
    return false;
  }
}

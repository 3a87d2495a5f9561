import { createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { readRegularFile } from "../parsers/regular-file.ts";

/** A certificate and its private key in PEM. */
export type CertificatePair = { cert: string | undefined; key: string | undefined };

/** Returns whether the certificate belongs to the key, or whether one of the files cannot be read. */
export function isMatchingPair(certFile: string, keyFile: string): boolean {
  try {
    return new X509Certificate(readRegularFile(certFile)).checkPrivateKey(createPrivateKey(readRegularFile(keyFile)));
  } catch {
    // The check of the single setting reports a file that cannot be read.
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

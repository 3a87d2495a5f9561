import { type CertificatePair, isUsable } from "./certificate-pair.ts";
import { rereadSecret } from "./secret-files.ts";

export type TlsFiles = { caFile?: string | undefined; certFile?: string | undefined; keyFile?: string | undefined };

export type TlsMaterial = CertificatePair & { ca: string | undefined };

/**
 * Reads the files again for each connection, so that a certificate is replaced without a restart. The files of the
 * certificate and the key are replaced one after the other. Until the new files match, the previous pair is used.
 */
export function createTlsReader({ caFile, certFile, keyFile }: TlsFiles): () => TlsMaterial {
  const ca = rereadSecret(undefined, caFile);
  const cert = rereadSecret(undefined, certFile);
  const key = rereadSecret(undefined, keyFile);
  let pair: CertificatePair = { cert: cert(), key: key() };
  return () => {
    const read = { cert: cert(), key: key() };
    if ((read.cert !== pair.cert || read.key !== pair.key) && isUsable(read)) pair = read;
    return { ca: ca(), ...pair };
  };
}

import { rereadSecret } from "./secret-files.ts";

export type TlsFiles = { caFile?: string | undefined; certFile?: string | undefined; keyFile?: string | undefined };

export type TlsMaterial = { ca: string | undefined; cert: string | undefined; key: string | undefined };

/** Reads the files again for each connection, so that a certificate is replaced without a restart. */
export function createTlsReader({ caFile, certFile, keyFile }: TlsFiles): () => TlsMaterial {
  const ca = rereadSecret(undefined, caFile);
  const cert = rereadSecret(undefined, certFile);
  const key = rereadSecret(undefined, keyFile);
  return () => ({ ca: ca(), cert: cert(), key: key() });
}

import type { ConnectionOptions, SecureVersion } from "node:tls";
import type { TlsMaterial } from "../../config/files/tls-files.ts";
import type { PostgresAddress, SslMode } from "../../config/postgres-url.ts";

/** Returns the TLS options of each attempt, in order; `false` is plain text. A second attempt follows if the first fails. */
export function tlsAttempts(address: PostgresAddress, files: TlsMaterial) {
  // An authority in the URL counts even if its file is missing, so that no certificate is accepted without verification.
  const hasAuthority = files.ca !== undefined || address.sslFiles.ca !== undefined;
  const mode = effectiveMode(address, hasAuthority);
  const verified = verificationOptions(mode, hasAuthority);
  const options: ConnectionOptions = {
    ...verified,
    ...withoutUndefined({
      ...files,
      passphrase: address.sslKeyPassphrase,
      minVersion: secureVersion(address.sslMinVersion),
    }),
  };
  switch (mode) {
    case "disable":
      return [false] as const;
    case "allow":
      return [false, options] as const;
    case "prefer":
      return [options, false] as const;
    default:
      return [options] as const;
  }
}

/**
 * Returns the mode of the URL; without one, `verify-full` if an authority or a client certificate is set. Channel binding
 * needs TLS, so a mode in which TLS is optional becomes `require`.
 */
function effectiveMode(
  { sslMode, sslFiles, sslDirect, channelBinding }: PostgresAddress,
  hasAuthority: boolean,
): SslMode {
  const isTlsConfigured = hasAuthority || sslDirect || sslFiles.ca !== undefined || sslFiles.cert !== undefined;
  const mode = sslMode ?? (isTlsConfigured ? "verify-full" : "disable");
  const isTlsOptional = mode === "disable" || mode === "allow" || mode === "prefer";
  return channelBinding && isTlsOptional ? "require" : mode;
}

/** With an authority, all modes except `verify-ca` and `no-verify` verify the certificate and the host name. */
function verificationOptions(mode: SslMode, hasAuthority: boolean): ConnectionOptions {
  if (mode === "verify-full" || (hasAuthority && mode !== "verify-ca" && mode !== "no-verify")) return {};
  if (mode === "verify-ca") return { checkServerIdentity: () => undefined };
  return { rejectUnauthorized: false };
}

const secureVersion = (version: string | undefined): SecureVersion | undefined =>
  version === "TLSv1.2" || version === "TLSv1.3" ? version : undefined;

const withoutUndefined = (options: ConnectionOptions): ConnectionOptions =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

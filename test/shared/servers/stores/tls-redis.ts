import { createAuthority } from "../../certificates.ts";
import { freePort } from "../../free-port.ts";
import { startRedisServer } from "./redis-servers.ts";

/** Starts a Redis that accepts TLS, and returns it with the settings that a server needs to connect over TLS. */
export async function startTlsRedis({ days = 30 } = {}) {
  const authority = createAuthority();
  const { certFile, keyFile } = authority.issue("redis", { names: ["127.0.0.1"], days });
  const tlsPort = await freePort();
  const server = await startRedisServer([
    ...[`tls-port ${tlsPort}`, `tls-cert-file ${certFile}`, `tls-key-file ${keyFile}`],
    ...[`tls-ca-cert-file ${authority.caFile}`, "tls-auth-clients no"],
  ]);
  return {
    server,
    authority,
    env: { REDIS_URL: `rediss://127.0.0.1:${tlsPort}`, REDIS_CA_FILE: authority.caFile },
  };
}

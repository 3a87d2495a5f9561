import { isIP } from "node:net";
import { connect } from "node:tls";
import { certificateExpiry } from "./peer-certificate.ts";

const timeoutMs = 3000;

/** Opens a TLS connection to read the certificate, valid or not. Resolves with undefined for an address without TLS. */
export function readEndpointCertificate(url: string): Promise<number | undefined> {
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== "https:") return Promise.resolve(undefined);
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  // Certificates are not verified: an expired one has to be reported, and nothing is sent over this connection.
  const socket = connect(
    { host, port: Number(port || 443), rejectUnauthorized: false, ...(isIP(host) === 0 && { servername: host }) },
    () => {
      resolve(certificateExpiry(socket));
      socket.destroy();
    },
  );
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error("The TLS handshake timed out.")));
  socket.on("error", reject);
  return promise;
}

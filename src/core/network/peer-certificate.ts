import { TLSSocket } from "node:tls";

/** Returns the expiry time of the certificate that the server of this connection has presented, in milliseconds since 1970. */
export function certificateExpiry(stream: unknown): number | undefined {
  if (!(stream instanceof TLSSocket)) return undefined;
  const { valid_to: expiry } = stream.getPeerCertificate();
  return expiry === undefined ? undefined : Date.parse(expiry);
}

import { TLSSocket } from "node:tls";

/** Returns the end of the certificate that the server of this connection has presented, in milliseconds since 1970. */
export function certificateEnd(stream: unknown): number | undefined {
  if (!(stream instanceof TLSSocket)) return undefined;
  const { valid_to: end } = stream.getPeerCertificate();
  return end === undefined ? undefined : Date.parse(end);
}

import type { Reason } from "./failure-reason.ts";

/** Why a connection to a store failed: a reason of the health checks, and one sentence that says what to check or set. */
export type FailureExplanation = { reason: Reason; sentence: string };

/** Returns the error and its causes, the outermost first. Several attempts to connect are several causes. */
export function causesOf(error: unknown): Error[] {
  if (!(error instanceof Error)) return [];
  const inner = error instanceof AggregateError ? error.errors : [error.cause];
  return [error, ...inner.flatMap(causesOf)];
}

/**
 * Returns the innermost code: SQLSTATE, the code of Node, or the first word of a reply of Redis. It names no host and
 * no user, so it may be logged.
 */
export const failureCode = (error: unknown): string | undefined =>
  causesOf(error)
    .map((cause) => codeOf(cause) || /^[A-Z]{3,20}(?= )/.exec(cause.message)?.[0])
    .findLast(Boolean);

export const codeOf = (error: Error): string => ("code" in error ? String(error.code) : "");

/** The names of one store and its settings, for use in the sentences. */
export type StoreLabels = {
  store: string;
  /** The settings with the address. */
  address: string;
  caFile: string;
  certFile: string;
  timeout: string;
};

/** Explains failures of DNS, of the network and of TLS. */
export function explainNetworkFailure(code: string, labels: StoreLabels): FailureExplanation | undefined {
  const { store, address, caFile, certFile, timeout } = labels;
  switch (code) {
    case "ECONNREFUSED":
      return {
        reason: "refused",
        sentence: `Nothing accepts connections at the host and port in ${address}: ${store} is not running, or listens elsewhere.`,
      };
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return {
        reason: "unreachable",
        sentence: `The host name in ${address} cannot be resolved: it is misspelled, or the DNS of this machine has no entry for it.`,
      };
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return { reason: "unreachable", sentence: `There is no route to the host in ${address}: check the network.` };
    case "ETIMEDOUT":
      return {
        reason: "timeout",
        sentence: `${store} did not answer within ${timeout}: a firewall drops the connection, the host or the port in ${address} is wrong, or Haven uses TLS and the server does not.`,
      };
    case "ECONNRESET":
    case "EPIPE":
      return {
        reason: "reset",
        sentence: `The connection was closed before ${store} answered: something else listens at the port in ${address}, or a proxy in between lost ${store}.`,
      };
    case "CERT_HAS_EXPIRED":
      return { reason: "tls", sentence: `The certificate of ${store} has expired: renew it on the server.` };
    case "CERT_NOT_YET_VALID":
      return {
        reason: "tls",
        sentence: `The certificate of ${store} is not valid yet: the clock of this machine or of the machine that issued it is wrong.`,
      };
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return {
        reason: "tls",
        sentence: `The certificate of ${store} is for another host: use a host name in ${address} that the certificate contains.`,
      };
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "CERT_SIGNATURE_FAILURE":
      return {
        reason: "tls",
        sentence: `The certificate of ${store} is signed by an authority that is not trusted: set ${caFile} to the certificate of that authority.`,
      };
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
      return {
        reason: "tls",
        sentence: `The server at the port in ${address} does not speak TLS: use its TLS port, or turn TLS off.`,
      };
  }
  if (/^ERR_SSL_.*(?:CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE)/.test(code)) {
    return {
      reason: "tls",
      sentence: `${store} rejects the client certificate, or requires one: set ${certFile} and its key to a certificate that ${store} trusts.`,
    };
  }
  if (/^(?:CERT_|ERR_TLS_|ERR_SSL_|ERR_OSSL_|EPROTO)/.test(code))
    return { reason: "tls", sentence: `The TLS handshake with ${store} failed: check ${caFile} and ${certFile}.` };
  return undefined;
}

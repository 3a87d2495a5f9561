import { CheckFailed, type Reason } from "../../core/errors/failure-reason.ts";

const reasonsByCode: Readonly<Record<string, Reason>> = {
  ECONNREFUSED: "refused",
  ECONNRESET: "reset",
  EPIPE: "reset",
  ETIMEDOUT: "timeout",
  ABORT_ERR: "timeout",
  ENOTFOUND: "unreachable",
  EAI_AGAIN: "unreachable",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  EPROTO: "tls",
  NO_CHANNEL_BINDING: "tls",
  "25006": "read_only",
  "28P01": "credentials",
  "28000": "credentials",
  "42501": "forbidden",
  "42P01": "missing",
  "53100": "disk_full",
  "53200": "out_of_memory",
  "53300": "too_many_connections",
  "55P03": "timeout",
  "57014": "timeout",
  "57P01": "reset",
  "57P02": "reset",
  "57P03": "loading",
};

const tlsCode = /^(?:CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/;

const reasonsByMessage: readonly (readonly [RegExp, Reason])[] = [
  [/^(?:WRONGPASS|NOAUTH)/, "credentials"],
  // The last two are the error texts of a Lua script that runs a forbidden command, in different versions of Redis and
  // Valkey.
  [/^NOPERM|The user executing the script can't|ACL failure in script/, "forbidden"],
  [/^LOADING/, "loading"],
  [/^OOM/, "out_of_memory"],
  [/^NOREPLICAS/, "no_replicas"],
  [/^(?:READONLY|MASTERDOWN)/, "not_primary"],
  // Redis could not write its snapshot to disk, so it rejects writes.
  [/^MISCONF/, "disk_full"],
  [/^(?:CLUSTERDOWN|TRYAGAIN)/, "cluster_down"],
  [/max number of clients/, "too_many_connections"],
  [/does not support SSL/, "tls"],
  [/time(d )?.?out/i, "timeout"],
  [/terminated|closed/i, "reset"],
];

/** Returns the reason of an error that a driver, Node or a check has thrown. */
export function reasonOf(error: unknown): Reason {
  if (error instanceof CheckFailed) return error.reason;
  if (!(error instanceof Error)) return "failed";
  if (error.name === "TimeoutError" || error.name === "AbortError") return "timeout";
  const code = "code" in error ? String(error.code) : "";
  if (tlsCode.test(code)) return "tls";
  const byMessage = reasonsByMessage.find(([pattern]) => pattern.test(error.message))?.[1];
  return reasonsByCode[code] ?? byMessage ?? (error.cause === undefined ? "failed" : reasonOf(error.cause));
}

/**
 * Returns the SQLSTATE, the error code of Node, or the first word of a Redis error. None of them names a host or a
 * user.
 */
export function errorCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = "code" in error ? String(error.code) : "";
  if (/^[A-Z0-9_]{3,48}$/.test(code)) return code;
  const reply = error.name === "ReplyError" ? /^[A-Z]{3,32}(?= )/.exec(error.message)?.[0] : undefined;
  return reply ?? errorCodeOf(error.cause);
}

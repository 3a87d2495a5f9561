import {
  causesOf,
  codeOf,
  explainNetworkFailure,
  type FailureExplanation,
} from "../../core/errors/connection-failure.ts";
import { PasswordCommandFailed } from "../../core/password-command.ts";
import { isRejectedSelect } from "../driver-errors.ts";

const labels = {
  store: "Redis",
  address: "the address of Redis",
  caFile: "REDIS_CA_FILE",
  certFile: "REDIS_CERT_FILE",
  timeout: "REDIS_CONNECT_TIMEOUT_MS",
};

/** Error replies and messages of the driver, the most specific first. */
const replies: readonly (readonly [RegExp, FailureExplanation])[] = [
  [
    /NOAUTH|without any password configured/,
    { reason: "credentials", sentence: "Redis asks for a password: set REDIS_PASSWORD, or put it into REDIS_URL." },
  ],
  [
    /WRONGPASS|invalid password/,
    {
      reason: "credentials",
      sentence:
        "Redis rejects the user or the password: check REDIS_USERNAME and REDIS_PASSWORD, or those in REDIS_URL.",
    },
  ],
  [
    /NOPERM/,
    {
      reason: "forbidden",
      sentence: "The ACL user of Redis lacks a right: allow the user all keys and commands of Haven.",
    },
  ],
  [
    /max number of clients/,
    {
      reason: "too_many_connections",
      sentence: "Redis has no free connection: raise maxclients, or lower the number of instances.",
    },
  ],
  [
    /protected mode/,
    {
      reason: "forbidden",
      sentence: "Redis is in protected mode and accepts local connections only: set a password in Redis.",
    },
  ],
  [/LOADING/, { reason: "loading", sentence: "Redis is loading its data and answers no commands yet." }],
  [
    /No such master/,
    {
      reason: "failed",
      sentence: "The Sentinels monitor no primary of the name in REDIS_SENTINEL_NAME: check the name.",
    },
  ],
  [
    /cluster support disabled/,
    {
      reason: "failed",
      sentence: "The server is not part of a Cluster: use REDIS_URL or REDIS_HOST instead of REDIS_CLUSTER_NODES.",
    },
  ],
  [
    /MOVED|SELECT is not allowed in cluster/,
    { reason: "failed", sentence: "The server is a node of a Cluster: set REDIS_CLUSTER_NODES." },
  ],
  [
    /CLUSTERDOWN|No node of the cluster announces/,
    { reason: "cluster_down", sentence: "The Redis Cluster does not cover all slots: check its nodes." },
  ],
  [
    /Protocol error|Unknown RESP type/,
    { reason: "failed", sentence: "The server at the address of Redis is not Redis: check the host and the port." },
  ],
];

/** Explains why a connection to Redis failed and what to set, without host, user or password. */
export function explainRedisFailure(error: unknown): FailureExplanation | undefined {
  for (const cause of causesOf(error)) {
    const reply = replies.find(([pattern]) => pattern.test(cause.message))?.[1];
    const explanation = reply ?? explainDriverError(cause) ?? explainNetworkFailure(codeOf(cause), labels);
    if (explanation !== undefined) return explanation;
  }
  return undefined;
}

function explainDriverError(error: Error): FailureExplanation | undefined {
  const { message } = error;
  if (isRejectedSelect(error)) {
    return {
      reason: "failed",
      sentence:
        "Redis has no database with the number in REDIS_URL: use a lower number, or 0 if the server has only one database, or raise the setting databases of Redis.",
    };
  }
  if (error instanceof PasswordCommandFailed) {
    return { reason: "credentials", sentence: "The program in REDIS_PASSWORD_COMMAND failed, or printed no password." };
  }
  if (/sentinels are unreachable/.test(message)) {
    return { reason: "refused", sentence: "No Sentinel in REDIS_SENTINELS answers: check their hosts and ports." };
  }
  if (/time(?:d )?.?out/i.test(message)) return explainNetworkFailure("ETIMEDOUT", labels);
  if (/connection is closed/i.test(message) || codeOf(error) === "ECONNRESET" || codeOf(error) === "EPIPE") {
    return {
      reason: "reset",
      sentence:
        "The server at the address of Redis closed the connection: if it expects TLS, set REDIS_TLS=true; if it expects a client certificate, set REDIS_CERT_FILE; if its connections have reached maxclients, raise maxclients. Otherwise the server is not Redis.",
    };
  }
  return undefined;
}

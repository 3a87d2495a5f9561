import { DatabaseError } from "pg";
import { PostgresUrlError } from "../../config/postgres-url.ts";
import {
  causesOf,
  codeOf,
  explainNetworkFailure,
  type FailureExplanation,
} from "../../core/errors/connection-failure.ts";
import { PasswordCommandFailed } from "../../core/password-command.ts";
import { NoChannelBinding } from "./channel-binding.ts";
import { NoSuitableServer } from "./target-session.ts";

const labels = {
  store: "Postgres",
  address: "DATABASE_URL",
  caFile: "DATABASE_CA_FILE",
  certFile: "DATABASE_CERT_FILE",
  timeout: "DB_CONNECT_TIMEOUT_MS",
};

/** Explains why a connection to Postgres failed and what to set, without host, user or password. */
export function explainPostgresFailure(error: unknown): FailureExplanation | undefined {
  for (const cause of causesOf(error)) {
    const explanation =
      cause instanceof DatabaseError
        ? explainReply(cause)
        : (explainNetworkFailure(codeOf(cause), labels) ?? explainDriverError(cause));
    if (explanation !== undefined) return explanation;
  }
  return undefined;
}

function explainReply({ code = "", message }: DatabaseError): FailureExplanation | undefined {
  switch (code) {
    case "28P01":
      return {
        reason: "credentials",
        sentence:
          "Postgres rejects the user or the password: check both in DATABASE_URL, or in the file that DATABASE_URL_FILE names.",
      };
    case "28000":
      return explainAccess(message);
    case "3D000":
      return {
        reason: "credentials",
        sentence: "The database in DATABASE_URL does not exist: create it, or correct the name.",
      };
    case "42501":
      if (/for database/.test(message)) {
        return {
          reason: "forbidden",
          sentence: "The role in DATABASE_URL may not connect to the database: GRANT CONNECT ON DATABASE to the role.",
        };
      }
      return {
        reason: "forbidden",
        sentence:
          "The role in DATABASE_URL lacks a right: run migrate as the owner of the database, with --grant-to ROLE for the role of the server (docs/migrations.md).",
      };
    case "53300":
      return tooMany(
        "Postgres has no free connection: raise max_connections, or lower DB_POOL_MAX or the number of instances.",
      );
    case "57P03":
      return {
        reason: "loading",
        sentence: "Postgres is starting up, shutting down or recovering, and accepts no connections yet.",
      };
    case "08P01":
      return explainPooler(message);
    case "":
      return {
        reason: "failed",
        sentence: "The server at the address in DATABASE_URL is not Postgres: check the host and the port.",
      };
    default:
      return undefined;
  }
}

function explainAccess(message: string): FailureExplanation {
  if (/no encryption|SSL off/.test(message)) {
    return {
      reason: "credentials",
      sentence:
        "Postgres does not admit this user from this address without TLS: add sslmode=require to DATABASE_URL, or set DATABASE_CA_FILE; if TLS changes nothing, check the user and pg_hba.conf.",
    };
  }
  if (/client certificate/.test(message)) {
    return {
      reason: "credentials",
      sentence: "Postgres requires a client certificate: set DATABASE_CERT_FILE and DATABASE_KEY_FILE.",
    };
  }
  return {
    reason: "credentials",
    sentence:
      "Postgres does not admit this user from this address: check the user in DATABASE_URL, and pg_hba.conf on the server.",
  };
}

/** PgBouncer and other poolers report every error with the same SQLSTATE. */
function explainPooler(message: string): FailureExplanation {
  if (/unsupported startup parameter\b.*\boptions\b/.test(message)) {
    return {
      reason: "failed",
      sentence:
        "A connection pooler such as PgBouncer refuses the parameter options: set DB_POOLER=transaction, and remove options from DATABASE_URL or list it in ignore_startup_parameters of the pooler.",
    };
  }
  if (/unsupported startup parameter/.test(message)) {
    return {
      reason: "failed",
      sentence: "A connection pooler such as PgBouncer stands in front of Postgres: set DB_POOLER=transaction.",
    };
  }
  if (/no more connections allowed|max_client_conn/.test(message))
    return tooMany(
      "The pooler has no free connection: raise max_client_conn, or lower DB_POOL_MAX or the number of instances.",
    );
  if (/no such database/.test(message)) {
    return {
      reason: "credentials",
      sentence:
        "The pooler has no database of the name in DATABASE_URL: add it to the pooler's databases, or correct the name.",
    };
  }
  if (/query_wait_timeout|server_login_retry|cannot connect to server|server login/.test(message))
    return {
      reason: "refused",
      sentence: "The pooler accepts connections but cannot reach Postgres: check Postgres and the pooler's log.",
    };
  if (/auth|password/i.test(message)) {
    return {
      reason: "credentials",
      sentence: "The pooler rejects the user or the password in DATABASE_URL: check the pooler's list of users.",
    };
  }
  return {
    reason: "failed",
    sentence: "The server at the port in DATABASE_URL rejects the protocol: check the host and the port.",
  };
}

const tooMany = (sentence: string): FailureExplanation => ({ reason: "too_many_connections", sentence });

function explainDriverError(error: Error): FailureExplanation | undefined {
  if (error instanceof NoSuitableServer) {
    return {
      reason: "not_primary",
      sentence: "No host in DATABASE_URL is of the kind that its target_session_attrs requires, such as a primary.",
    };
  }
  if (error instanceof NoChannelBinding) {
    return {
      reason: "tls",
      sentence:
        "DATABASE_URL has channel_binding=require, and Postgres does not offer it: use TLS and a password of the kind scram-sha-256, without a pooler that ends TLS.",
    };
  }
  if (error instanceof PasswordCommandFailed) {
    return {
      reason: "credentials",
      sentence: "The program in DATABASE_PASSWORD_COMMAND failed, or printed no password.",
    };
  }
  if (error instanceof PostgresUrlError) return { reason: "failed", sentence: `DATABASE_URL_FILE ${error.message}.` };
  if (codeOf(error) === "ENOENT") {
    return {
      reason: "refused",
      sentence:
        "There is no socket of Postgres in the directory in DATABASE_URL: Postgres is not running, or uses another directory or port.",
    };
  }
  if (codeOf(error) === "EACCES") {
    return {
      reason: "forbidden",
      sentence: "This process may not use the socket of Postgres in the directory in DATABASE_URL.",
    };
  }
  if (/does not support SSL/.test(error.message)) {
    return {
      reason: "tls",
      sentence:
        "Postgres does not support TLS, but DATABASE_URL or DATABASE_CA_FILE requires it: turn TLS on in the server, or use sslmode=disable.",
    };
  }
  if (/password must be a (?:non-empty )?string/.test(error.message))
    return { reason: "credentials", sentence: "Postgres asks for a password, and DATABASE_URL has none." };
  if (/authenticationOk message type/.test(error.message)) {
    return {
      reason: "credentials",
      sentence:
        "Postgres requires an authentication method that Haven does not support, such as GSSAPI: allow scram-sha-256 or cert for this user in pg_hba.conf.",
    };
  }
  if (/timeout expired|timed? ?out/i.test(error.message)) return explainNetworkFailure("ETIMEDOUT", labels);
  if (/establishing an SSL connection|terminated|unexpected/i.test(error.message))
    return explainNetworkFailure("ECONNRESET", labels);
  return undefined;
}

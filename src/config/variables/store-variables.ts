import { nodeList, postgresUrl, redisUrl } from "../parsers/addresses.ts";
import { certificateFile, keyFile } from "../parsers/pem.ts";
import { commandLine, milliseconds, oneOf, port, text, wholeNumber } from "../parsers/values.ts";

export const postgresVariables = {
  DATABASE_URL: postgresUrl
    .optional()
    .describe(
      "URL of Postgres in any form that libpq accepts: several hosts, `target_session_attrs`, a socket directory (`postgres:///db?host=/dir`), `sslmode`; outside production an embedded Postgres starts if unset",
    ),
  DATABASE_PASSWORD_COMMAND: commandLine
    .optional()
    .describe(
      "Program with arguments whose output is the password of Postgres, such as a token of a cloud; run for new connections, without a shell: quotes keep spaces together",
    ),
  DATABASE_CA_FILE: certificateFile
    .optional()
    .describe(
      "PEM file of the certificate authority that the certificate of Postgres is verified with; the host name is verified too",
    ),
  DATABASE_CERT_FILE: certificateFile.optional().describe("PEM file of a client certificate for Postgres"),
  DATABASE_KEY_FILE: keyFile.optional().describe("PEM file of the private key of `DATABASE_CERT_FILE`"),
  DB_POOLER: oneOf(["none", "transaction"])
    .default("none")
    .describe(
      "`transaction`: a pooler such as PgBouncer, Supavisor or RDS Proxy stands between Haven and Postgres, in transaction or session mode; time limits are set in each transaction, and nothing relies on the session",
    ),
  DB_POOL_MAX: wholeNumber(1, 1000, "a whole number")
    .default(10)
    .describe(
      "Maximum number of connections to Postgres for requests; if 5 or more, short reads share two to four of them. The health checks use two more",
    ),
  DB_CONNECT_TIMEOUT_MS: milliseconds(100)
    .default(2000)
    .describe("Maximum wait for a free connection, or for a new one; with several hosts, for all of them together"),
  DB_STATEMENT_TIMEOUT_MS: milliseconds(100)
    .default(5000)
    .describe(
      "Time limit of one statement, after which Postgres cancels it; the time that its request has waited for connections is subtracted",
    ),
  DB_IDLE_TRANSACTION_TIMEOUT_MS: milliseconds(100).default(10_000).describe("Maximum idle time inside a transaction"),

  PASSWORD_COMMAND_TIMEOUT_MS: milliseconds(100)
    .default(5000)
    .describe("Time limit of `DATABASE_PASSWORD_COMMAND` and `REDIS_PASSWORD_COMMAND`"),
  PASSWORD_COMMAND_CACHE_MS: milliseconds(0)
    .default(60_000)
    .describe(
      "How long an output of these programs is used for new connections; a password that is rejected is not used again",
    ),

  MIGRATION_TIMEOUT_MS: milliseconds(1000)
    .default(600_000)
    .describe(
      "Time limit of one migration, of its retries while a lock is not free, and of the wait for another instance that is migrating",
    ),
};

export const redisVariables = {
  REDIS_URL: redisUrl
    .optional()
    .describe("URL of Redis; outside production an embedded Valkey starts if no Redis is set"),
  REDIS_HOST: text.optional().describe("Host of Redis, instead of a URL"),
  REDIS_PORT: port.default(6379).describe("Port of Redis; used with `REDIS_HOST`"),
  REDIS_USERNAME: text.optional().describe("ACL user of Redis; default: the user in `REDIS_URL`, or `default`"),
  REDIS_PASSWORD: text.optional().describe("Password of Redis; default: the password in `REDIS_URL`"),
  REDIS_PASSWORD_COMMAND: commandLine
    .optional()
    .describe("Program with arguments whose output is the password of Redis, as `DATABASE_PASSWORD_COMMAND`"),
  REDIS_TLS: oneOf(["true", "false"])
    .default("false")
    .describe(
      "`true`: connections to Redis, to Sentinels and to the nodes of a Cluster use TLS, as with a URL that starts with `rediss://`; host names are verified",
    ),
  REDIS_CA_FILE: certificateFile
    .optional()
    .describe("PEM file of the certificate authority that the certificates of Redis are verified with"),
  REDIS_CERT_FILE: certificateFile.optional().describe("PEM file of a client certificate for Redis"),
  REDIS_KEY_FILE: keyFile.optional().describe("PEM file of the private key of `REDIS_CERT_FILE`"),
  REDIS_SENTINELS: nodeList.optional().describe("Sentinels as `host:port,host:port`; requires `REDIS_SENTINEL_NAME`"),
  REDIS_SENTINEL_NAME: text.optional().describe("Name of the primary that the Sentinels monitor"),
  REDIS_SENTINEL_USERNAME: text.optional().describe("ACL user of the Sentinels"),
  REDIS_SENTINEL_PASSWORD: text.optional().describe("Password of the Sentinels"),
  REDIS_CLUSTER_NODES: nodeList.optional().describe("Some nodes of a Redis Cluster, as `host:port,host:port`"),
  REDIS_CONNECT_TIMEOUT_MS: milliseconds(50).default(1000).describe("Time limit for connecting to Redis"),
  REDIS_COMMAND_TIMEOUT_MS: milliseconds(50)
    .default(200)
    .describe("Time limit of one command; if Redis stays silent, the connection is closed"),
};

import { hostname } from "node:os";
import { z } from "zod";
import {
  certificateFile,
  checkList,
  checkNames,
  cidrList,
  claimValue,
  commandLine,
  healthPaths,
  identifier,
  issuerList,
  keyFile,
  linkList,
  mailSender,
  milliseconds,
  nodeList,
  oneOf,
  originList,
  port,
  postgresUrl,
  privateKey,
  ratio,
  redisUrl,
  seconds,
  secretList,
  text,
  url,
  wholeNumber,
} from "./parsers.ts";
import { traceSamplers } from "./trace-samplers.ts";

/** All settings. `.env.example` and docs/settings.md are generated from this. */
export const variables = z.object({
  NODE_ENV: oneOf(["development", "test", "production"])
    .default("development")
    .describe("`production` rejects missing or weak settings and never starts an embedded service"),
  HOST: text.default("0.0.0.0").describe("Address to listen on"),
  PORT: port.default(4000).describe("Port to listen on; `0` picks a free port"),
  MANAGEMENT_PORT: port
    .optional()
    .describe(
      "If set, `/metrics`, `/health/detailed`, `/api/v1/circuit-breakers` and `/api/v1/instances` are served on this port only; probes are served on both ports",
    ),
  LOG_LEVEL: oneOf(["trace", "debug", "info", "warn", "error", "fatal", "silent"])
    .default("info")
    .describe("Lowest level that is logged: trace, debug, info, warn, error, fatal, silent"),
  INSTANCE_ID: identifier
    .default(
      () =>
        hostname()
          .replaceAll(/[^A-Za-z0-9._-]/g, "-")
          .slice(0, 128) || "haven",
    )
    .describe("Name of this instance in responses, logs and metrics; default: the host name"),

  BUILD_COMMIT: identifier.optional().describe("Commit of this build, for `/health/detailed`; the image sets it"),
  BUILD_TIME: text.optional().describe("Time of this build, for `/health/detailed`; the image sets it"),

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
    .describe("Time limit of one statement; Postgres cancels it after that"),
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

  JWT_SECRET: text
    .optional()
    .describe("Secret that signs access tokens; in production at least 32 bytes and not a placeholder"),
  JWT_SECRET_PREVIOUS: secretList
    .prefault("")
    .describe(
      "Other secrets whose tokens are accepted, separated by commas: earlier values of `JWT_SECRET`, and, before a rotation, its next value; in production at least 32 bytes each",
    ),
  JWT_PRIVATE_KEY: privateKey
    .optional()
    .describe("P-256 private key in PEM; if set, access tokens are signed with ES256, see `/.well-known/jwks.json`"),
  JWT_PRIVATE_KEY_PREVIOUS: privateKey
    .optional()
    .describe("The previous private key: tokens that it signed stay valid"),
  ACCESS_TOKEN_TTL: seconds(1, 86_400).default(600).describe("Lifetime of an access token, in seconds"),
  SESSION_TTL: seconds(1, 31_536_000)
    .default(86_400)
    .describe("A session ends after this many seconds without a request"),
  SESSION_MAX_AGE: seconds(1, 31_536_000)
    .default(604_800)
    .describe("A session ends this many seconds after its login, used or not"),
  SESSION_CACHE: oneOf(["on", "off"])
    .default("on")
    .describe(
      "`on`: each instance remembers sessions until Redis reports a change; `off`: every authenticated request reads its session from Redis. With a Redis Cluster it is always off",
    ),
  SESSION_COOKIE_NAME: identifier
    .optional()
    .describe("Name of the session cookie; default: `__Host-haven_session` in production, otherwise `haven_session`"),
  AUTH_RATE_LIMIT: wholeNumber(0, 100_000, "a whole number")
    .default(10)
    .describe(
      "Attempts to sign in, register or change a password per minute. Counted for each client address (IPv6: each /64 network), and for each pair of account and client address; `0` disables the limit",
    ),

  API_KEY_RATE_LIMIT: wholeNumber(0, 1_000_000, "a whole number")
    .default(600)
    .describe("Requests of one API key per minute, on all instances together; `0` disables the limit"),
  TRUSTED_ISSUERS: issuerList
    .prefault("")
    .describe(
      "URLs of OpenID Connect issuers whose access tokens are accepted beside those of this server, separated by commas: docs/trusted-issuers.md",
    ),
  TRUSTED_AUDIENCE: text
    .optional()
    .describe("The `aud` that tokens of trusted issuers must have; required with `TRUSTED_ISSUERS`"),
  TRUSTED_ADMIN_CLAIM: claimValue
    .optional()
    .describe(
      "Claim and value that make a user of a trusted issuer an administrator, e.g. `groups=haven-admins`; if unset, only an administrator of this server can give that role",
    ),
  AUDIT_RETENTION_DAYS: wholeNumber(1, 36_500, "a whole number of days")
    .default(400)
    .describe("How long entries of the audit trail are kept"),
  SIGN_UP: oneOf(["open", "verified", "invited", "closed"])
    .default("open")
    .describe(
      "`open`: a registration creates an account at once; `verified`: when the link in a mail is followed, and the answer does not show whether the address has an account; `invited`: only with the invitation of an administrator; `closed`: never",
    ),

  PASSWORD_QUEUE_TIMEOUT_MS: milliseconds(0)
    .default(3000)
    .describe(
      "Maximum wait before a password is hashed or checked; only a few are processed at the same time, so that the server stays responsive",
    ),
  CORS_ORIGINS: originList
    .prefault("")
    .describe("Origins whose pages may call the API with a bearer token, separated by commas; default: none"),

  HEALTH_CHECK_TIMEOUT: milliseconds(50).default(2000).describe("Time limit of one check, in ms"),
  HEALTH_CHECK_INTERVAL: milliseconds(50).default(2000).describe("Interval between two runs of a check, in ms"),
  READY_REQUIRES: checkList
    .prefault("postgres")
    .describe(
      `Critical checks, which take the instance out of rotation: any of ${checkNames.join(", ")}; the others only degrade it. \`postgres\` requires that reads work, \`postgres:write\` that writes work, too`,
    ),
  READY_POLICY: oneOf(["strict", "outlier"])
    .default("strict")
    .describe(
      "`strict`: a failing critical check takes the instance out of rotation; `outlier`: only if most other instances pass it, or if that is unclear",
    ),
  HEALTH_PATHS: healthPaths
    .prefault("")
    .describe("Additional or changed probe paths, e.g. `/health=live,/healthz=ready`"),
  OPS_TOKEN: text
    .optional()
    .describe(
      "If set, operator endpoints require `Authorization: Bearer …`; in production at least 16 bytes, and a warning at start if neither this nor `MANAGEMENT_PORT` is set",
    ),

  STATUS_LINKS: linkList
    .prefault("")
    .describe(
      "Links of the status page, e.g. `Dashboard=https://grafana.example.org/d/haven,Runbook=https://wiki.example.org/haven`",
    ),

  TRUST_PROXY: cidrList
    .prefault("loopback")
    .describe(
      "Proxies whose forwarded headers are trusted: CIDRs, `loopback`, `linklocal`, `uniquelocal`; ranges that include every client, such as `0.0.0.0/0`, are rejected",
    ),
  REQUEST_TIMEOUT_MS: milliseconds(100).default(15_000).describe("Time limit of one request"),
  HEADERS_TIMEOUT_MS: milliseconds(500).default(10_000).describe("Time limit for a client to send its headers"),
  KEEP_ALIVE_TIMEOUT_MS: milliseconds(0)
    .default(75_000)
    .describe(
      "Idle time after which a keep-alive connection is closed; must be longer than the idle timeout of every proxy in front",
    ),
  OVERLOAD_DELAY_MS: milliseconds(0)
    .default(50)
    .describe("Mean event-loop delay above which API requests are rejected with 503; `0` disables this"),

  UPLOAD_MEMORY_BYTES: wholeNumber(10_000_000, 100_000_000_000, "a whole number of bytes")
    .default(67_108_864)
    .describe("Maximum total size of uploads that are processed at the same time; further uploads get 503"),
  UPLOAD_MAX_PER_USER: wholeNumber(1, 1_000_000, "a whole number")
    .optional()
    .describe(
      "Maximum number of concurrent uploads of one user, waiting ones included; further ones get 429; default: 6, or half of the uploads that fit into `UPLOAD_MEMORY_BYTES` or the image queue if that is less",
    ),
  IMAGES_AT_ONCE: wholeNumber(1, 64, "a whole number")
    .default(1)
    .describe("Number of images that are decoded at the same time; each uses one core, and up to 420 MiB for a moment"),
  IMAGE_QUEUE_LENGTH: wholeNumber(0, 1000, "a whole number")
    .default(16)
    .describe("Number of images that may wait to be decoded; further uploads get 503"),
  IMAGE_QUEUE_TIMEOUT_MS: milliseconds(0).default(5000).describe("Maximum wait of an image before it is decoded"),
  IMAGE_TIMEOUT_MS: milliseconds(1000)
    .default(8000)
    .describe("Time limit for decoding one image, rounded up to whole seconds"),

  STREAM_MAX: wholeNumber(1, 1_000_000, "a whole number")
    .default(10_000)
    .describe("Maximum number of open event streams"),
  STREAM_MAX_PER_USER: wholeNumber(1, 1_000_000, "a whole number")
    .optional()
    .describe(
      "Maximum number of open event streams of one user; further ones get 429; default: 50, or half of `STREAM_MAX` if that is less",
    ),
  STREAM_POLL_MS: milliseconds(50)
    .default(1000)
    .describe("Interval at which streams read new events from Postgres, in case a notification through Redis is lost"),
  STREAM_HEARTBEAT_MS: milliseconds(100)
    .default(15_000)
    .describe("Interval of the comments that keep an idle stream open"),
  STREAM_SESSION_CHECK_MS: milliseconds(100)
    .default(5000)
    .describe("Interval at which the session of an open stream is checked"),
  STREAM_BUFFER_BYTES: wholeNumber(1024, 16_777_216, "a whole number of bytes")
    .default(65_536)
    .describe(
      "Maximum unsent bytes that are buffered for a slow client of a stream; later events are read again from Postgres",
    ),
  STREAM_STALL_MS: milliseconds(500)
    .default(10_000)
    .describe("A stream is closed if its client has read nothing for this long; detected within twice this time"),

  S3_BUCKET: text.optional().describe("Bucket for photos and avatars; they are stored in Postgres if unset"),
  S3_ENDPOINT: url(["https:", "http:"])
    .optional()
    .describe("Endpoint of the bucket, e.g. `https://s3.eu-west-1.amazonaws.com`; required with `S3_BUCKET`"),
  S3_REGION: identifier
    .optional()
    .describe("Region of the bucket; `auto` or `us-east-1` for services without regions; required with `S3_BUCKET`"),
  S3_ACCESS_KEY_ID: text
    .optional()
    .describe(
      "Access key of the bucket; without it, the role of the pod, the task or the instance is used, as the AWS SDKs do",
    ),
  S3_SECRET_ACCESS_KEY: text.optional().describe("Secret key of the bucket; required with `S3_ACCESS_KEY_ID`"),
  S3_PATH_STYLE: oneOf(["true", "false"])
    .default("true")
    .describe("`true`: the bucket is part of the path; `false`: part of the host name"),
  S3_TIMEOUT_MS: milliseconds(100).default(3000).describe("Time limit of one call to the bucket"),

  AWS_ROLE_ARN: text.optional().describe("Role to assume with the token; EKS sets it"),
  AWS_WEB_IDENTITY_TOKEN_FILE: text.optional().describe("File with the token of a web identity; EKS sets it"),
  AWS_ENDPOINT_URL_STS: url(["https:", "http:"])
    .optional()
    .describe("Endpoint that assumes the role; default: that of AWS in `S3_REGION`"),
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: text.optional().describe("Path of the credentials of a task; ECS sets it"),
  AWS_CONTAINER_CREDENTIALS_FULL_URI: url(["https:", "http:"])
    .optional()
    .describe("URL of the credentials of a pod or task; EKS Pod Identity sets it"),
  AWS_CONTAINER_AUTHORIZATION_TOKEN: text.optional().describe("Token for that URL"),
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: text.optional().describe("File with the token for that URL"),
  AWS_EC2_METADATA_SERVICE_ENDPOINT: url(["https:", "http:"])
    .default("http://169.254.169.254")
    .describe("Service that gives the credentials of an EC2 instance"),

  MAIL_URL: url(["smtp:", "smtps:"], { hasPassword: true })
    .optional()
    .describe(
      "SMTP server for account mail, such as `smtp://user:password@mail.example.org:587` (with STARTTLS) or `smtps://…:465`; if unset, mails are kept and shown at `/dev/mail` in development, and what needs mail is answered 503 in production",
    ),
  MAIL_FROM: mailSender
    .optional()
    .describe("Sender of account mail, such as `Haven <no-reply@example.org>`; required with `MAIL_URL`"),
  MAIL_CA_FILE: certificateFile
    .optional()
    .describe("PEM file of the certificate authority that the certificate of the mail server is verified with"),
  MAIL_TIMEOUT_MS: milliseconds(100).default(10_000).describe("Time limit for the delivery of one mail"),
  PUBLIC_URL: url(["https:", "http:"])
    .refine((value) => !/[?#]/.test(value), "must not contain a query or a fragment")
    .optional()
    .describe(
      "Address of the pages that links in mails lead to, such as `https://app.example.org`; never taken from a request; required with `MAIL_URL`",
    ),

  DRAIN_DELAY_MS: milliseconds(0)
    .optional()
    .describe(
      "How long to keep serving after SIGTERM while reporting not ready; default: 8000 in production, otherwise 0",
    ),
  DRAIN_LINGER_MS: milliseconds(0)
    .optional()
    .describe(
      "After the listener has closed: how long responses ask clients to close their keep-alive connections; default: 3000 in production, otherwise 0",
    ),
  SHUTDOWN_TIMEOUT_MS: milliseconds(0)
    .optional()
    .describe(
      "After the listener has closed: how long requests in progress may run; default: 25000 in production, otherwise 5000",
    ),

  OTEL_EXPORTER_OTLP_ENDPOINT: url(["https:", "http:"])
    .optional()
    .describe("OTLP endpoint that receives traces over HTTP, e.g. `http://collector:4318`; no traces if unset"),
  OTEL_EXPORTER_OTLP_HEADERS: text
    .optional()
    .describe("Headers of the calls to this endpoint, as `name=value,name=value`, e.g. with a token"),
  OTEL_EXPORTER_OTLP_PROTOCOL: oneOf(["http/protobuf"])
    .default("http/protobuf")
    .describe("Protocol of this endpoint; others are not supported"),
  OTEL_EXPORTER_OTLP_COMPRESSION: oneOf(["none", "gzip"])
    .default("none")
    .describe("Compression of the exported traces"),
  OTEL_EXPORTER_OTLP_CERTIFICATE: certificateFile
    .optional()
    .describe("PEM file of the certificate authority that the certificate of this endpoint is verified with"),
  OTEL_EXPORTER_OTLP_TIMEOUT: milliseconds(100)
    .default(10_000)
    .describe("Time limit of one export; traces that are not exported by then are lost and counted"),
  OTEL_SERVICE_NAME: text.default("haven-api").describe("Name of the service in traces"),
  OTEL_RESOURCE_ATTRIBUTES: text
    .optional()
    .describe(
      "Further attributes of all traces, as `name=value,name=value`, e.g. `deployment.environment.name=staging`",
    ),
  OTEL_TRACES_SAMPLER: oneOf(traceSamplers)
    .default("parentbased_always_on")
    .describe(`Which traces are exported: ${traceSamplers.join(", ")}; \`parentbased\`: a trusted caller decides`),
  OTEL_TRACES_SAMPLER_ARG: ratio.default(1).describe("Share of the traces that `traceidratio` exports, 0 to 1"),
  OTEL_SDK_DISABLED: oneOf(["true", "false"]).default("false").describe("`true`: no traces, even with an endpoint"),
  TRACE_KEEP_ERRORS: oneOf(["true", "false"])
    .default("true")
    .describe("`true`: the trace of a request that ends with a 5xx is exported even if the sampler did not select it"),

  EMBEDDED_DATA_DIR: text
    .default(".haven")
    .describe("Folder for the data of the embedded services; not used in production"),
});

export type Variables = z.infer<typeof variables>;
export type VariableName = keyof Variables;

import { hostname } from "node:os";
import { z } from "zod";
import {
  checkList,
  cidrList,
  healthPaths,
  identifier,
  milliseconds,
  nodeList,
  oneOf,
  originList,
  port,
  privateKey,
  redisUrl,
  seconds,
  secretList,
  text,
  url,
  wholeNumber,
} from "./parsers.ts";

/** Every setting that Haven reads, in the order in which people look for them. The README's table is made from this. */
export const variables = z.object({
  NODE_ENV: oneOf(["development", "test", "production"])
    .default("development")
    .describe("`production` refuses missing or weak settings and never starts an embedded service"),
  HOST: text.default("0.0.0.0").describe("Address to listen on"),
  PORT: port.default(4000).describe("Port to listen on; `0` takes a free one"),
  MANAGEMENT_PORT: port
    .optional()
    .describe(
      "When set, `/metrics`, `/health/detailed`, `/api/v1/circuit-breakers` and `/api/v1/instances` are served there only; probes are on both",
    ),
  LOG_LEVEL: oneOf(["trace", "debug", "info", "warn", "error", "fatal", "silent"])
    .default("info")
    .describe("Least severe level that is written: trace, debug, info, warn, error, fatal, silent"),
  INSTANCE_ID: identifier
    .default(
      () =>
        hostname()
          .replaceAll(/[^A-Za-z0-9._-]/g, "-")
          .slice(0, 128) || "haven",
    )
    .describe("Name of this instance in answers, logs and metrics (the host's name unless set)"),

  DATABASE_URL: url(["postgres:", "postgresql:"])
    .optional()
    .describe("Postgres; outside production an embedded one is started when unset"),
  DB_POOL_MAX: wholeNumber(1, 1000, "a whole number")
    .default(10)
    .describe("Connections in the pool; the health checks use one more"),
  DB_CONNECT_TIMEOUT_MS: milliseconds(100).default(2000).describe("Longest wait for a free connection or a new one"),
  DB_STATEMENT_TIMEOUT_MS: milliseconds(100)
    .default(5000)
    .describe("Longest time for one statement, ended in the server"),
  DB_IDLE_TRANSACTION_TIMEOUT_MS: milliseconds(100).default(10_000).describe("Longest idle time inside a transaction"),

  MIGRATION_TIMEOUT_MS: milliseconds(1000)
    .default(600_000)
    .describe(
      "Longest time for one migration, for retries while a lock is not free, and for waiting until another instance has migrated",
    ),

  REDIS_URL: redisUrl
    .optional()
    .describe("Redis; outside production an embedded Valkey is started when no Redis is set"),
  REDIS_HOST: text.optional().describe("Redis, instead of a URL"),
  REDIS_PORT: port.default(6379).describe("Goes with `REDIS_HOST`"),
  REDIS_PASSWORD: text.optional().describe("Goes with `REDIS_HOST`, Sentinel and Cluster"),
  REDIS_SENTINELS: nodeList.optional().describe("Sentinels as `host:port,host:port`; needs `REDIS_SENTINEL_NAME`"),
  REDIS_SENTINEL_NAME: text.optional().describe("Name of the primary that the Sentinels watch"),
  REDIS_CLUSTER_NODES: nodeList.optional().describe("Redis Cluster seeds as `host:port,host:port`"),
  REDIS_CONNECT_TIMEOUT_MS: milliseconds(50).default(1000).describe("Longest time to connect"),
  REDIS_COMMAND_TIMEOUT_MS: milliseconds(50)
    .default(200)
    .describe("Longest wait for one command; then its connection is given up"),

  JWT_SECRET: text.optional().describe("Signs access tokens; production: at least 32 bytes and no placeholder"),
  JWT_SECRET_PREVIOUS: secretList
    .prefault("")
    .describe(
      "Earlier values of `JWT_SECRET`, separated by commas: what they signed stays valid, so that a rotation logs nobody out; production: each at least 32 bytes",
    ),
  JWT_PRIVATE_KEY: privateKey
    .optional()
    .describe("A P-256 private key in PEM: access tokens are then signed with ES256, see `/.well-known/jwks.json`"),
  JWT_PRIVATE_KEY_PREVIOUS: privateKey.optional().describe("The value before: what it signed stays valid"),
  ACCESS_TOKEN_TTL: seconds(1, 86_400).default(600).describe("Life of an access token, in seconds"),
  SESSION_TTL: seconds(1, 31_536_000).default(86_400).describe("A session ends after this many idle seconds"),
  SESSION_MAX_AGE: seconds(1, 31_536_000)
    .default(604_800)
    .describe("A session ends after this many seconds in any case"),
  SESSION_COOKIE_NAME: identifier
    .optional()
    .describe("Name of the session cookie (production `__Host-haven_session`, otherwise `haven_session`)"),
  AUTH_RATE_LIMIT: wholeNumber(0, 100_000, "a whole number")
    .default(10)
    .describe("Attempts a minute for each address, and for each account and address; `0` turns it off"),

  PASSWORD_QUEUE_TIMEOUT_MS: milliseconds(0)
    .default(3000)
    .describe("Longest wait for a turn to check a password; few are checked at once, so that the server stays quick"),
  CORS_ORIGINS: originList
    .prefault("")
    .describe("Origins whose pages may call the API with a bearer token; none unless set"),

  HEALTH_CHECK_TIMEOUT: milliseconds(50).default(2000).describe("Time limit of one check, in ms"),
  HEALTH_CHECK_INTERVAL: milliseconds(50).default(2000).describe("Time between two checks, in ms"),
  READY_REQUIRES: checkList
    .prefault("postgres")
    .describe(
      "Checks that take the instance out of rotation, out of postgres, redis, schema, event-loop, memory, disk; the others only degrade it",
    ),
  READY_POLICY: oneOf(["strict", "outlier"])
    .default("strict")
    .describe(
      "`outlier`: with a critical check failing, leave only if the rest of the fleet is well; alone or unsure, as `strict`",
    ),
  HEALTH_PATHS: healthPaths.prefault("").describe("Extra or changed probe paths, e.g. `/health=live,/healthz=ready`"),
  OPS_TOKEN: text
    .optional()
    .describe(
      "When set, operator endpoints want `Authorization: Bearer …`; production: at least 16 bytes, and one warning at start where neither this nor `MANAGEMENT_PORT` is set",
    ),

  TRUST_PROXY: cidrList
    .prefault("loopback")
    .describe(
      "Proxies whose forwarded headers are trusted: CIDRs, `loopback`, `linklocal`, `uniquelocal`; ranges that cover every client, like `0.0.0.0/0`, are refused",
    ),
  REQUEST_TIMEOUT_MS: milliseconds(100).default(15_000).describe("Deadline of one request"),
  HEADERS_TIMEOUT_MS: milliseconds(500).default(10_000).describe("Longest time for a client to send its headers"),
  KEEP_ALIVE_TIMEOUT_MS: milliseconds(0)
    .default(75_000)
    .describe("Idle time of a kept connection: longer than the idle timeout of any proxy in front"),
  OVERLOAD_DELAY_MS: milliseconds(0)
    .default(50)
    .describe("Mean event-loop delay from which API requests are shed; `0` turns it off"),

  UPLOAD_MEMORY_BYTES: wholeNumber(10_000_000, 100_000_000_000, "a whole number of bytes")
    .default(67_108_864)
    .describe("Most bytes of uploads that an instance holds at once; past it uploads are answered with 503"),
  UPLOAD_MAX_PER_USER: wholeNumber(1, 1_000_000, "a whole number")
    .optional()
    .describe(
      "Most uploads of one user at once, also those that wait for their turn; past it 429 (6, or half of what there is place for where that is less)",
    ),
  IMAGES_AT_ONCE: wholeNumber(1, 64, "a whole number")
    .default(1)
    .describe("Images that are read at once; each keeps a core busy, and the worst take 420 MiB for a moment"),
  IMAGE_QUEUE_LENGTH: wholeNumber(0, 1000, "a whole number")
    .default(16)
    .describe("Images that may wait for their turn; past it uploads are answered with 503"),
  IMAGE_QUEUE_TIMEOUT_MS: milliseconds(0).default(5000).describe("Longest wait of an image for its turn"),
  IMAGE_TIMEOUT_MS: milliseconds(1000).default(8000).describe("Longest time for reading one image, in whole seconds"),

  STREAM_MAX: wholeNumber(1, 1_000_000, "a whole number")
    .default(10_000)
    .describe("Most event streams that are open at once"),
  STREAM_MAX_PER_USER: wholeNumber(1, 1_000_000, "a whole number")
    .optional()
    .describe("Most event streams of one user at once; past it 429 (50, or half of `STREAM_MAX` where that is less)"),
  STREAM_POLL_MS: milliseconds(50)
    .default(1000)
    .describe("Longest time until streams see an event that Redis told nobody about"),
  STREAM_HEARTBEAT_MS: milliseconds(100)
    .default(15_000)
    .describe("Time between two comments that keep an idle stream open"),
  STREAM_SESSION_CHECK_MS: milliseconds(100)
    .default(5000)
    .describe("How often it is asked whether the session of an open stream still stands"),
  STREAM_BUFFER_BYTES: wholeNumber(1024, 16_777_216, "a whole number of bytes")
    .default(65_536)
    .describe("Unsent bytes that are kept for a slow reader of a stream; what is more is read again later"),
  STREAM_STALL_MS: milliseconds(500)
    .default(10_000)
    .describe("A reader of a stream that takes nothing for this long is cut, at the latest after twice as long"),

  S3_BUCKET: text.optional().describe("Keeps photos and avatars in this bucket; in Postgres unless set"),
  S3_ENDPOINT: url(["https:", "http:"])
    .optional()
    .describe("Goes with `S3_BUCKET`, e.g. `https://s3.eu-west-1.amazonaws.com`"),
  S3_REGION: identifier.optional().describe("Goes with `S3_BUCKET`; `auto` or `us-east-1` where there are no regions"),
  S3_ACCESS_KEY_ID: text.optional().describe("Goes with `S3_BUCKET`"),
  S3_SECRET_ACCESS_KEY: text.optional().describe("Goes with `S3_BUCKET`"),
  S3_PATH_STYLE: oneOf(["true", "false"])
    .default("true")
    .describe("`false`: the bucket's name stands in front of the host's, not in the path"),
  S3_TIMEOUT_MS: milliseconds(100).default(3000).describe("Longest time for one call to the bucket; then it is ended"),

  DRAIN_DELAY_MS: milliseconds(0)
    .optional()
    .describe("After SIGTERM: time as ever, but not ready (production 8000, otherwise 0)"),
  DRAIN_LINGER_MS: milliseconds(0)
    .optional()
    .describe(
      "After the listener closed: time in which kept connections are asked to close (production 3000, otherwise 0)",
    ),
  SHUTDOWN_TIMEOUT_MS: milliseconds(0)
    .optional()
    .describe("From the listener's closing: time for requests in flight (production 25000, otherwise 5000)"),

  EMBEDDED_DATA_DIR: text
    .default(".haven")
    .describe("Where the embedded services keep their data; never used in production"),
});

export type Variables = z.infer<typeof variables>;
export type VariableName = keyof Variables;

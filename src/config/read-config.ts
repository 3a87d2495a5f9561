import { changedSettings } from "./changed-settings.ts";
import { problemsByVariable, readGivenSettings } from "./files/secret-files.ts";
import { misspeltSettings } from "./misspelt-settings.ts";
import { bucketSettings } from "./sections/bucket-settings.ts";
import { mailSettings } from "./sections/mail-settings.ts";
import { postgresSettings, redisSettings } from "./sections/store-settings.ts";
import { tracingSettings } from "./sections/tracing-settings.ts";
import { ConfigError, crossProblems, fieldProblems, missingProblems } from "./setting-problems.ts";
import { maxUploadBytes } from "./upload-limits.ts";
import { drainDefaults } from "./variables/server-variables.ts";
import { type Variables, variables } from "./variables.ts";

/** The checked and frozen settings. They do not contain the addresses of embedded services, which start later. */
export type Config = ReturnType<typeof readConfig>;

export function readConfig(environment: Readonly<Record<string, string | undefined>>) {
  const given = readGivenSettings(environment);
  const parsed = variables.safeParse(given.values);
  const problems = problemsByVariable(given, [
    ...fieldProblems(parsed.error?.issues ?? []),
    ...crossProblems(given.values),
    ...missingProblems(given.values),
  ]);
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);

  const v = parsed.data;
  const production = v.NODE_ENV === "production";
  const defaultDrain = drainDefaults(production);
  return deepFreeze({
    environment: v.NODE_ENV,
    production,
    instance: v.INSTANCE_ID,
    logLevel: v.LOG_LEVEL,
    http: {
      host: v.HOST,
      port: v.PORT,
      managementPort: v.MANAGEMENT_PORT,
      trustProxy: v.TRUST_PROXY,
      requestTimeoutMs: v.REQUEST_TIMEOUT_MS,
      headersTimeoutMs: v.HEADERS_TIMEOUT_MS,
      keepAliveTimeoutMs: v.KEEP_ALIVE_TIMEOUT_MS,
      overloadDelayMs: v.OVERLOAD_DELAY_MS,
    },
    postgres: postgresSettings(v, given.files),
    redis: redisSettings(v, given.files),
    auth: {
      secret: v.JWT_SECRET,
      previousSecrets: v.JWT_SECRET_PREVIOUS,
      privateKey: v.JWT_PRIVATE_KEY,
      previousPrivateKey: v.JWT_PRIVATE_KEY_PREVIOUS,
      passwordQueueTimeoutMs: v.PASSWORD_QUEUE_TIMEOUT_MS,
      corsOrigins: v.CORS_ORIGINS,
      accessTokenTtlSeconds: v.ACCESS_TOKEN_TTL,
      sessionTtlSeconds: v.SESSION_TTL,
      sessionMaxAgeSeconds: v.SESSION_MAX_AGE,
      cachesSessions: v.SESSION_CACHE === "on",
      cookieName: v.SESSION_COOKIE_NAME ?? defaultCookieName(production),
      rateLimitPerMinute: v.AUTH_RATE_LIMIT,
      signUp: v.SIGN_UP,
      apiKeyRateLimitPerMinute: v.API_KEY_RATE_LIMIT,
      retention: { eventDays: v.EVENT_RETENTION_DAYS, auditDays: v.AUDIT_RETENTION_DAYS },
      trusted:
        v.TRUSTED_AUDIENCE === undefined
          ? undefined
          : { issuers: v.TRUSTED_ISSUERS, audience: v.TRUSTED_AUDIENCE, adminClaim: v.TRUSTED_ADMIN_CLAIM },
    },
    health: {
      timeoutMs: v.HEALTH_CHECK_TIMEOUT,
      intervalMs: v.HEALTH_CHECK_INTERVAL,
      requires: v.READY_REQUIRES,
      policy: v.READY_POLICY,
      paths: v.HEALTH_PATHS,
      opsToken: v.OPS_TOKEN,
      links: v.STATUS_LINKS,
    },
    photos: {
      bucket: bucketSettings(v, given.files),
      maxBufferedBytes: v.UPLOAD_MEMORY_BYTES,
      maxPerUser: v.UPLOAD_MAX_PER_USER ?? maxForOneUser(maxUploads(v), 6),
      images: {
        maxConcurrent: v.IMAGES_AT_ONCE,
        maxQueued: v.IMAGE_QUEUE_LENGTH,
        maxWaitMs: v.IMAGE_QUEUE_TIMEOUT_MS,
        timeoutMs: v.IMAGE_TIMEOUT_MS,
      },
    },
    stream: {
      maxOpen: v.STREAM_MAX,
      maxPerUser: v.STREAM_MAX_PER_USER ?? maxForOneUser(v.STREAM_MAX, 50),
      pollMs: v.STREAM_POLL_MS,
      heartbeatMs: v.STREAM_HEARTBEAT_MS,
      sessionCheckMs: v.STREAM_SESSION_CHECK_MS,
      bufferBytes: v.STREAM_BUFFER_BYTES,
      stallMs: v.STREAM_STALL_MS,
    },
    drain: {
      delayMs: v.DRAIN_DELAY_MS ?? defaultDrain.DRAIN_DELAY_MS,
      lingerMs: v.DRAIN_LINGER_MS ?? defaultDrain.DRAIN_LINGER_MS,
      timeoutMs: v.SHUTDOWN_TIMEOUT_MS ?? defaultDrain.SHUTDOWN_TIMEOUT_MS,
    },
    tracing: tracingSettings(v),
    mail: mailSettings(v, given.files),
    /** For operators: without secrets, hosts and users. */
    changedSettings: changedSettings(given.values),
    misspeltSettings: misspeltSettings(given.values),
    build: { commit: v.BUILD_COMMIT ?? null, builtAt: v.BUILD_TIME ?? null },
    embeddedDataDir: v.EMBEDDED_DATA_DIR,
  });
}

/** A cookie named `__Host-…` must be `Secure` and set by the host itself, so that no sibling domain can set it. */
const defaultCookieName = (secure: boolean) => (secure ? "__Host-haven_session" : "haven_session");

/** Returns the maximum of one user: `max`, but not more than half of the total. */
const maxForOneUser = (total: number, max: number) => Math.min(max, Math.ceil(total / 2));

const maxUploads = (v: Variables) =>
  Math.min(Math.floor(v.UPLOAD_MEMORY_BYTES / maxUploadBytes), v.IMAGES_AT_ONCE + v.IMAGE_QUEUE_LENGTH);

function deepFreeze<T extends object>(value: T): Readonly<T> {
  for (const inner of Object.values(value)) if (typeof inner === "object" && inner !== null) deepFreeze(inner);
  return Object.freeze(value);
}

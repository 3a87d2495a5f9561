import type { PasswordCommandOptions } from "../../core/password-command.ts";
import { type GivenSettings, problemsByVariable, readGivenSettings } from "../files/secret-files.ts";
import type { TlsFiles } from "../files/tls-files.ts";
import type { HostAndPort } from "../parsers/addresses.ts";
import { ConfigError, crossProblems, fieldProblems } from "../setting-problems.ts";
import { type Variables, variables } from "../variables.ts";

/** The address of Redis and the credentials. A value from a file is re-read for each new connection. */
export type RedisTarget = RedisLocation &
  TlsFiles & {
    username?: string | undefined;
    password?: string | undefined;
    passwordFile?: string | undefined;
    passwordCommand?: PasswordCommandOptions | undefined;
    tls?: boolean | undefined;
  };

type RedisLocation =
  | { kind: "url"; url: string; urlFile?: string | undefined }
  | { kind: "host"; host: string; port: number }
  | {
      kind: "sentinel";
      sentinels: readonly HostAndPort[];
      name: string;
      sentinelUsername?: string | undefined;
      sentinelPassword?: string | undefined;
      sentinelPasswordFile?: string | undefined;
    }
  | { kind: "cluster"; nodes: readonly HostAndPort[] };

type Files = GivenSettings["files"];
type Environment = Readonly<Record<string, string | undefined>>;

export const postgresSettings = (v: Variables, files: Files) => ({
  url: v.DATABASE_URL,
  /** The file of the URL, which is re-read for each new connection. */
  urlFile: files.DATABASE_URL,
  caFile: v.DATABASE_CA_FILE,
  certFile: v.DATABASE_CERT_FILE,
  keyFile: v.DATABASE_KEY_FILE,
  passwordCommand: passwordCommand(v.DATABASE_PASSWORD_COMMAND, v),
  pooler: v.DB_POOLER,
  poolMax: v.DB_POOL_MAX,
  connectTimeoutMs: v.DB_CONNECT_TIMEOUT_MS,
  statementTimeoutMs: v.DB_STATEMENT_TIMEOUT_MS,
  idleTransactionTimeoutMs: v.DB_IDLE_TRANSACTION_TIMEOUT_MS,
  migrationTimeoutMs: v.MIGRATION_TIMEOUT_MS,
});

export const redisSettings = (v: Variables, files: Files) => ({
  target: redisTarget(v, files),
  connectTimeoutMs: v.REDIS_CONNECT_TIMEOUT_MS,
  commandTimeoutMs: v.REDIS_COMMAND_TIMEOUT_MS,
});

const passwordCommand = (
  commandLine: readonly string[] | undefined,
  v: Variables,
): PasswordCommandOptions | undefined =>
  commandLine && { commandLine, timeoutMs: v.PASSWORD_COMMAND_TIMEOUT_MS, cacheMs: v.PASSWORD_COMMAND_CACHE_MS };

function redisTarget(v: Variables, files: Files): RedisTarget | undefined {
  const location = redisLocation(v, files);
  return (
    location && {
      ...location,
      username: v.REDIS_USERNAME,
      password: v.REDIS_PASSWORD,
      passwordFile: files.REDIS_PASSWORD,
      passwordCommand: passwordCommand(v.REDIS_PASSWORD_COMMAND, v),
      tls: v.REDIS_TLS === "true",
      caFile: v.REDIS_CA_FILE,
      certFile: v.REDIS_CERT_FILE,
      keyFile: v.REDIS_KEY_FILE,
    }
  );
}

function redisLocation(v: Variables, files: Files): RedisLocation | undefined {
  if (v.REDIS_CLUSTER_NODES) return { kind: "cluster", nodes: v.REDIS_CLUSTER_NODES };
  if (v.REDIS_SENTINELS && v.REDIS_SENTINEL_NAME)
    return {
      kind: "sentinel",
      sentinels: v.REDIS_SENTINELS,
      name: v.REDIS_SENTINEL_NAME,
      sentinelUsername: v.REDIS_SENTINEL_USERNAME,
      sentinelPassword: v.REDIS_SENTINEL_PASSWORD,
      sentinelPasswordFile: files.REDIS_SENTINEL_PASSWORD,
    };
  if (v.REDIS_URL) return { kind: "url", url: v.REDIS_URL, urlFile: files.REDIS_URL };
  if (v.REDIS_HOST) return { kind: "host", host: v.REDIS_HOST, port: v.REDIS_PORT };
  return undefined;
}

/** Reads the settings of Postgres, for commands that use the database only. */
export function readPostgres(environment: Environment) {
  const { url, ...settings } = readPart(environment, /^(?:DATABASE|DB|MIGRATION|PASSWORD_COMMAND)_/, postgresSettings);
  if (url === undefined) throw new ConfigError([{ variable: "DATABASE_URL", message: "is required for this command" }]);
  return { url, ...settings };
}

/** Reads the settings of Redis, for commands that use Redis only if it is set. */
export const readRedis = (environment: Environment) =>
  readPart(environment, /^(?:REDIS|PASSWORD_COMMAND)_/, redisSettings);

/** Checks the settings that a command uses, and no others. */
function readPart<T>(environment: Environment, names: RegExp, settingsOf: (v: Variables, files: Files) => T): T {
  const given = readGivenSettings(Object.fromEntries(Object.entries(environment).filter(([name]) => names.test(name))));
  const parsed = variables.safeParse(given.values);
  const others = [...fieldProblems(parsed.error?.issues ?? []), ...crossProblems(given.values)];
  const problems = problemsByVariable(given, others);
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return settingsOf(parsed.data, given.files);
}

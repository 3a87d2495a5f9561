import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { compose, type Parts } from "./composition/compose.ts";
import type { Overrides } from "./composition/overrides.ts";
import type { ServiceAddresses } from "./composition/service-addresses.ts";
import type { Config } from "./config/read-config.ts";
import type { RedisTarget } from "./config/sections/store-settings.ts";
import { ConfigError } from "./config/setting-problems.ts";
import type { Embedded, Engines } from "./core/embedded-engines.ts";
import type { Logger } from "./core/logging/logger.ts";
import { migrateWithRetries } from "./db/migrate/migrate-with-retries.ts";
import { assertPortIsFree, listen } from "./http/listener/listen.ts";
import type { Exchange } from "./kit/lifecycle/connections.ts";

export type StartOptions = {
  logger: Logger;
  embedded?: Embedded | undefined;
  overrides?: Overrides;
  /** How many log lines were dropped because the output was not read. */
  droppedLogLines?: () => number;
  /** The latest lines of the log, for operators. */
  recentLogLines?: () => readonly string[];
};

export type Running = {
  port: number;
  managementPort: number | undefined;
  engines: Engines | undefined;
  /** Resolves after the first attempt to migrate, with its error if it failed. Resolves at once without a migration. */
  firstMigration: Promise<unknown>;
  parts: Parts;
  /** Resolves when the database is migrated and has its demo data, outside production. */
  prepared: Promise<void>;
  /** Drains and closes; returns how many requests had to be cut. */
  stop(): Promise<{ cut: number }>;
};

/**
 * Starts the server: first embedded engines for services that are not set, then the parts, then the listeners. If the
 * start fails, everything that was opened is closed in reverse order.
 */
export async function start(config: Config, options: StartOptions): Promise<Running> {
  const stack = new AsyncDisposableStack();
  try {
    return await startAll(config, options, stack);
  } finally {
    // After a successful start the stack is empty, and `stop` closes the parts.
    await stack.disposeAsync();
  }
}

async function startAll(
  config: Config,
  { logger, embedded, overrides = {}, droppedLogLines = () => 0, recentLogLines = () => [] }: StartOptions,
  stack: AsyncDisposableStack,
): Promise<Running> {
  const engines = await startMissingEngines(config, { embedded, logger });
  if (engines !== undefined) stack.defer(engines.stop);
  const addresses = serviceAddresses(config, engines);
  const demoLogin = engines?.databaseUrl === undefined ? undefined : embedded?.demoLogin;
  const parts = await compose({
    config,
    addresses,
    logger,
    droppedLogLines,
    recentLogLines,
    stack,
    overrides,
    demoLogin,
  });
  for (const { name, meant } of config.misspeltSettings)
    logger.warn({ variable: name }, `${name} is not a setting and is ignored: ${meant} is probably meant`);
  if (operatorEndpointsArePublic(config))
    logger.warn("operator endpoints are public: set OPS_TOKEN or MANAGEMENT_PORT");

  const { server, management, kit } = parts;
  const { host } = config.http;
  const port = await listen(server, { host, port: config.http.port, variable: "PORT" });
  const managementPort =
    management &&
    (await listen(management, { host, port: config.http.managementPort ?? 0, variable: "MANAGEMENT_PORT" }));
  const migrating = config.production
    ? undefined
    : migrateWithRetries(
        { ...config.postgres, timeoutMs: config.postgres.migrationTimeoutMs, url: addresses.databaseUrl },
        logger,
        async () => {
          kit.monitor.checkNow();
          if (engines !== undefined) await embedded?.addDemoData({ query: parts.db.query, hash: parts.passwords.hash });
        },
      );
  // The checks start after the first migration or this wait, because earlier checks would report a missing schema. The
  // wait is longer with the embedded Postgres, because the migration of a running Postgres ends soon.
  const waitMs = engines?.databaseUrl === undefined ? firstMigrationWaitMs : embeddedMigrationWaitMs;
  void Promise.race([migrating?.firstTry, sleep(waitMs)]).then(kit.start);

  const opened = stack.move();
  const shutDown = async (): Promise<{ cut: number }> => {
    migrating?.stop();
    try {
      return await kit.drain(server, config.drain, (exchange) => logCut(logger, exchange));
    } finally {
      await opened.disposeAsync();
      kit.lifecycle.advance("stopped");
    }
  };
  let stopping: Promise<{ cut: number }> | undefined;
  return {
    port,
    managementPort,
    engines,
    firstMigration: migrating?.firstTry ?? Promise.resolve(undefined),
    parts,
    prepared: migrating?.done ?? Promise.resolve(),
    stop: () => {
      stopping ??= shutDown();
      return stopping;
    },
  };
}

const firstMigrationWaitMs = 1000;
const embeddedMigrationWaitMs = 10_000;

const operatorEndpointsArePublic = ({ production, health, http }: Config): boolean =>
  production && health.opsToken === undefined && http.managementPort === undefined;

async function startMissingEngines(
  config: Config,
  { embedded, logger }: Pick<StartOptions, "embedded" | "logger">,
): Promise<Engines | undefined> {
  const postgres = config.postgres.url === undefined;
  const redis = config.redis.target === undefined;
  if (!postgres && !redis) return undefined;
  if (embedded === undefined) {
    const message = "is required: only the sources contain embedded services (npm start)";
    throw new ConfigError([
      ...(postgres ? [{ variable: "DATABASE_URL", message }] : []),
      ...(redis ? [{ variable: "REDIS_URL", message }] : []),
    ]);
  }
  // A port that is in use is reported before the engines start, because they take seconds.
  const { host, port, managementPort } = config.http;
  await assertPortIsFree({ host, port, variable: "PORT" });
  if (managementPort !== undefined) await assertPortIsFree({ host, port: managementPort, variable: "MANAGEMENT_PORT" });
  return embedded.startEngines({
    postgres,
    redis,
    dataDir: config.embeddedDataDir,
    log: ({ event, ...details }) => logger.info(details, `embedded ${details.engine} ${event}`),
  });
}

function serviceAddresses(config: Config, engines: Engines | undefined): ServiceAddresses {
  const databaseUrl = config.postgres.url ?? engines?.databaseUrl;
  const redis: RedisTarget | undefined =
    config.redis.target ?? (engines?.redisUrl === undefined ? undefined : { kind: "url", url: engines.redisUrl });
  if (databaseUrl === undefined || redis === undefined) throw new Error("A service was neither set nor embedded.");
  const jwtSecret = config.auth.secret ?? engines?.jwtSecret ?? randomBytes(48).toString("base64url");
  return { databaseUrl, redis, jwtSecret };
}

function logCut(logger: Logger, { request }: Exchange): void {
  const { id, route, startedAt } = request.context;
  logger.warn(
    { requestId: id, method: request.method, route, ageMs: Math.round(performance.now() - startedAt) },
    "a request was cut at the end of the shutdown",
  );
}

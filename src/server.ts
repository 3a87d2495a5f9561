import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { compose, type Deps, type Overrides } from "./composition/compose.ts";
import type { Services } from "./composition/services.ts";
import type { Config, RedisTarget } from "./config/read-config.ts";
import { ConfigError } from "./config/read-config.ts";
import type { Logger } from "./core/logger.ts";
import { migrateWithRetries } from "./db/migrate-with-retries.ts";
import { assertPortIsFree, listen } from "./http/listener/listen.ts";
import type { Exchange } from "./kit/lifecycle/connections.ts";
import { addLogMetrics } from "./metrics/log.ts";

/** The embedded engines as this file needs them: they live in a folder that is never part of a production build. */
export type StartEngines = (request: EngineRequest) => Promise<Engines>;
export type EngineRequest = {
  dataDir: string;
  postgres: boolean;
  redis: boolean;
  log: (line: { engine: string; event: string }) => void;
};
export type Engines = {
  databaseUrl?: string;
  redisUrl?: string;
  jwtSecret: string;
  shared: boolean;
  stop(): Promise<void>;
};

/** What comes with the embedded folder. */
export type Embedded = {
  startEngines: StartEngines;
  addDemoData(into: DemoTarget): Promise<void>;
  demoLogin: { email: string; password: string };
};
export type DemoTarget = {
  query(sql: string, values: readonly unknown[]): Promise<unknown>;
  hash(password: string): Promise<string>;
};

export type StartOptions = {
  logger: Logger;
  embedded?: Embedded | undefined;
  overrides?: Overrides;
  /** How many log lines were dropped because nothing reads them. */
  droppedLogLines?: () => number;
};

export type Running = {
  port: number;
  managementPort: number | undefined;
  engines: Engines | undefined;
  deps: Deps;
  /** Drains and closes; says how many requests had to be cut. */
  stop(): Promise<{ cut: number }>;
};

/** Everything from a configuration to a listening server; embedded engines first where a service is not set. */
export async function start(config: Config, options: StartOptions): Promise<Running> {
  const engines = await startMissingEngines(config, options);
  try {
    return await startServer(config, engines, options);
  } catch (error) {
    await engines?.stop();
    throw error;
  }
}

async function startServer(
  config: Config,
  engines: Engines | undefined,
  { logger, embedded, overrides, droppedLogLines = () => 0 }: StartOptions,
): Promise<Running> {
  const services = serviceAddresses(config, engines);
  const deps = await compose(config, services, logger, overrides);
  if (operatorEndpointsArePublic(config))
    logger.warn("operator endpoints are public: set OPS_TOKEN or MANAGEMENT_PORT");
  const { server, management, kit } = deps;
  addLogMetrics(deps.metrics, droppedLogLines);
  const { host } = config.http;
  const port = await listen(server, { host, port: config.http.port, variable: "PORT" });
  const managementPort =
    management &&
    (await listen(management, { host, port: config.http.managementPort ?? 0, variable: "MANAGEMENT_PORT" }));
  const migrating = config.production
    ? undefined
    : migrateWithRetries(
        { ...config.postgres, timeoutMs: config.postgres.migrationTimeoutMs, url: services.databaseUrl },
        logger,
        async () => {
          kit.monitor.checkNow();
          if (engines !== undefined) await embedded?.addDemoData({ query: deps.db.query, hash: deps.passwords.hash });
        },
      );

  // A first look before the schema is made would only find it missing.
  void Promise.race([migrating?.firstTry, sleep(firstLookMs)]).then(kit.start);

  const shutDown = async (): Promise<{ cut: number }> => {
    migrating?.stop();
    try {
      return await kit.drain(server, config.drain, (exchange) => logCut(logger, exchange));
    } finally {
      await deps.close();
      deps.lifecycle.advance("stopped");
      await engines?.stop();
    }
  };
  let stopping: Promise<{ cut: number }> | undefined;
  return {
    port,
    managementPort,
    engines,
    deps,
    stop: () => {
      stopping ??= shutDown();
      return stopping;
    },
  };
}

const firstLookMs = 1000;

const operatorEndpointsArePublic = ({ production, health, http }: Config): boolean =>
  production && health.opsToken === undefined && http.managementPort === undefined;

async function startMissingEngines(config: Config, { embedded, logger }: StartOptions): Promise<Engines | undefined> {
  const postgres = config.postgres.url === undefined;
  const redis = config.redis.target === undefined;
  if (!postgres && !redis) return undefined;
  if (embedded === undefined) {
    const message = "is needed: embedded services come with the sources only (npm start)";
    throw new ConfigError([
      ...(postgres ? [{ variable: "DATABASE_URL", message }] : []),
      ...(redis ? [{ variable: "REDIS_URL", message }] : []),
    ]);
  }
  // Told now, and not after the seconds that engines take.
  const { host, port, managementPort } = config.http;
  await assertPortIsFree({ host, port, variable: "PORT" });
  if (managementPort !== undefined) await assertPortIsFree({ host, port: managementPort, variable: "MANAGEMENT_PORT" });
  return embedded.startEngines({
    postgres,
    redis,
    dataDir: config.embeddedDataDir,
    log: (line) => logger.info(line, `embedded ${line.engine} ${line.event}`),
  });
}

function serviceAddresses(config: Config, engines: Engines | undefined): Services {
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

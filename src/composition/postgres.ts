import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../config/read-config.ts";
import type { Logger } from "../core/logger.ts";
import { createConnector } from "../db/connect/connector.ts";
import { explainPostgresFailure } from "../db/connect/explain-failure.ts";
import { isDatabaseFailure } from "../db/driver-errors.ts";
import { readMigrations } from "../db/migration-files.ts";
import { createDatabase } from "../db/pool.ts";
import { createPostgresPinger } from "../db/postgres-pinger.ts";
import { postgresCheck, schemaCheck } from "../kit/checks/service-checks.ts";
import type { Breakers } from "../kit/resilience/breakers.ts";
import type { CallTimer } from "../metrics/calls.ts";
import { addPoolMetrics } from "../metrics/pool.ts";
import type { Metrics } from "../metrics/registry.ts";
import { createConnectionLog } from "./connection-log.ts";
import type { Overrides } from "./overrides.ts";

export type PostgresPartsDeps = {
  config: Config;
  url: string;
  logger: Logger;
  breakers: Breakers;
  metrics: Metrics;
  timed: CallTimer;
  stack: AsyncDisposableStack;
  overrides: Overrides;
};

const closeLimitMs = 2000;

/** The pool behind its breaker, and the checks on a connection of their own. */
export async function composePostgres(deps: PostgresPartsDeps) {
  const { config, url, logger, breakers, metrics, timed, stack, overrides } = deps;
  const breaker = breakers.create({ name: "postgres", isFailure: isDatabaseFailure });
  const log = createConnectionLog({ logger, store: "postgres", explain: explainPostgresFailure });
  const connector = createConnector({ ...config.postgres, url }, log);
  const database =
    overrides.database ??
    stack.adopt(
      // Timed inside the breaker: a rejected call took no time of the database.
      createDatabase({ ...config.postgres, url }, (work) => breaker.run(() => timed("postgres", work)), connector),
      // A statement that was cut off may hold its connection until its own limit; the exit does not wait for that.
      (pool) => Promise.race([pool.close(), sleep(closeLimitMs, undefined, { ref: false })]),
    );
  addPoolMetrics(metrics, database, config.postgres.poolMax);

  const migrations = (await readMigrations()).map(({ name }) => name);
  const pinger = stack.adopt(
    createPostgresPinger(
      { ...config.postgres, url, statementTimeoutMs: config.health.timeoutMs },
      migrations,
      connector,
    ),
    (connection) => connection.close(),
  );
  return {
    database,
    /** For background work, which no request waits for: its failures do not open the breaker. */
    uncounted: database.withGuard(breaker.runUncounted),
    checks: [
      // While the breaker is open, the check is its trial.
      postgresCheck(
        { ping: (signal) => breaker.runTrial(() => pinger.ping(signal)) },
        config.health.requires.includes("postgres"),
      ),
      schemaCheck(pinger, config.health.requires.includes("schema")),
    ],
  };
}

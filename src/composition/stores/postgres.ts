import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../../config/read-config.ts";
import type { Logger } from "../../core/logging/logger.ts";
import type { Certificates } from "../../core/network/certificate-watch.ts";
import type { Tracer } from "../../core/tracer.ts";
import { createConnector } from "../../db/connect/connector.ts";
import { explainPostgresFailure } from "../../db/connect/explain-failure.ts";
import { isDatabaseFailure, isDiskFull, isReadOnly, mayBeDatabaseFailure } from "../../db/driver-errors.ts";
import { readMigrations } from "../../db/migrate/migration-files.ts";
import { createDatabase } from "../../db/pool.ts";
import { createPostgresChecks } from "../../db/postgres-checks.ts";
import { partCheck, schemaCheck, storeCheck } from "../../kit/checks/service-checks.ts";
import type { History } from "../../kit/health/history.ts";
import type { Breakers } from "../../kit/resilience/breakers.ts";
import type { CallTimer } from "../../metrics/calls.ts";
import { addPoolMetrics } from "../../metrics/pool.ts";
import type { Metrics } from "../../metrics/registry.ts";
import type { Overrides } from "../overrides.ts";
import { createConnectionLog } from "./connection-log.ts";
import { checksAsTrials, createStoreBreakers, criticalCapabilities } from "./store-breakers.ts";

export type PostgresPartsDeps = {
  config: Config;
  url: string;
  logger: Logger;
  certificates: Certificates;
  breakers: Breakers;
  history: Pick<History, "onChange">;
  checkSoon(check: string): void;
  metrics: Metrics;
  timeCall: CallTimer;
  tracer: Tracer;
  stack: AsyncDisposableStack;
  overrides: Overrides;
};

const closeLimitMs = 2000;

/** Creates the pool of Postgres, its breakers, and the checks, which have connections of their own. */
export async function composePostgres(deps: PostgresPartsDeps) {
  const { config, url, logger, certificates, breakers, history, checkSoon, metrics, timeCall } = deps;
  const { tracer, stack, overrides } = deps;
  const store = createStoreBreakers(breakers, tracer, {
    name: "postgres",
    isFailure: isDatabaseFailure,
    isSymptom: mayBeDatabaseFailure,
    onSymptom(error) {
      if (isDiskFull(error)) checks.suspectFullDisk();
      if (isReadOnly(error)) checks.renewWriting();
      const checkName = isDatabaseFailure(error) ? "connections" : "tables";
      checks[checkName].suspect();
      checkSoon(checkName);
    },
  });
  const connectionLog = createConnectionLog({ logger, store: "postgres", explain: explainPostgresFailure });
  const connector = createConnector(
    { ...config.postgres, url },
    { ...connectionLog, onOpened: (opened) => certificates.record("postgres", opened.certificateExpiry) },
  );
  certificates.refreshWith("postgres", async () => {
    const opened = await connector.open({ ...config.postgres, applicationName: "haven-certificates" });
    opened.destroy();
    return opened.certificateExpiry;
  });
  const database =
    overrides.database ??
    stack.adopt(
      // The time is measured inside the breaker, so that rejected calls are not counted.
      createDatabase(
        { ...config.postgres, url },
        (work, capability) => store[capability].run(() => timeCall("postgres", work)),
        connector,
        tracer,
      ),
      // A timed-out statement may hold its connection until Postgres cancels it. The exit does not wait for that.
      (pool) => Promise.race([pool.close(), sleep(closeLimitMs, undefined, { ref: false })]),
    );
  addPoolMetrics(metrics, database);

  const migrations = await readMigrations();
  const { timeoutMs, requires } = config.health;
  const checks = stack.adopt(
    createPostgresChecks({ connector, timeoutMs, migrations, instance: config.instance }),
    (connections) => connections.close(),
  );
  // Connections that were open at a failure, or opened during it, may lead to the failed server after a failover.
  history.onChange(({ kind, name, from, to }) => {
    const isStore = kind === "check" && (name === store.read.name || name === store.write.name);
    if (isStore && (from === "down" || to === "down")) database.retireConnections();
  });
  return {
    database,
    breakers: store,
    /** For background work, which no request waits for: its failures do not open the breakers. */
    background: database.withGuard((work, capability) => store[capability].runUncounted(work)),
    checks: [
      storeCheck("postgres", checksAsTrials(store, checks), criticalCapabilities(requires, "postgres")),
      partCheck("tables", checks.tables.run),
      partCheck("connections", checks.connections.run),
      schemaCheck(checks, requires.includes("schema")),
    ],
  };
}

import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { banner } from "./banner.ts";
import type { Config } from "./config/read-config.ts";
import { failureCode } from "./core/errors/connection-failure.ts";
import { StartError } from "./core/errors/start-error.ts";
import { version } from "./core/identity.ts";
import { createLogger } from "./core/logging/logger.ts";
import { growYoungGenerationUnderLoad } from "./core/young-generation.ts";
import { explainPostgresFailure } from "./db/connect/explain-failure.ts";
import { MigrationError } from "./db/migrate/migration-files.ts";
import { startDevServer } from "./dev-server.ts";
import { findEmbedded } from "./development-stores.ts";
import { exitCodes } from "./exit-codes.ts";
import { onStopSignals, optionsUnderNpm } from "./kit/lifecycle/signals.ts";
import { type Running, start } from "./server.ts";

const bannerDelayLimitMs = 10_000;
const maxDatabaseWaitMs = 5000;
const noAnswer = Symbol("noAnswer");

/** Starts the server, prints the banner in development, and stops the server at a signal. */
export async function serve(config: Config): Promise<void> {
  const { logger, flush, droppedLines, recentLines } = createLogger({
    level: config.logLevel,
    instance: config.instance,
    version,
    traced: config.tracing !== undefined,
    terminal: config.production ? undefined : terminalFormat(),
  });
  const exit = async (code: number): Promise<never> => {
    try {
      await flush();
    } finally {
      process.exit(code);
    }
  };
  process.once("uncaughtException", (error) => {
    // A second exception, during the exit, ends the process at once.
    process.once("uncaughtException", () => process.exit(exitCodes.failed));
    // The level is not `fatal`, because pino writes that level synchronously, and a stuck reader would block the exit.
    logger.error({ err: error }, "uncaught exception");
    void exit(exitCodes.failed);
  });

  const embedded = config.production ? undefined : await findEmbedded();
  const starting = start(config, { logger, embedded, droppedLogLines: droppedLines, recentLogLines: recentLines });
  onStopSignals(process, {
    async stop(signal) {
      logger.info({ signal }, "shutting down");
      const running = await starting.catch(() => undefined);
      const { cut } = (await running?.stop()) ?? { cut: 0 };
      logger.info({ cut }, "stopped");
      await exit(cut > 0 ? exitCodes.failed : exitCodes.ok);
    },
    abort: () => process.exit(exitCodes.interrupted),
    ...optionsUnderNpm(process),
  });
  const running = await starting;
  growYoungGenerationUnderLoad();
  logger.info(
    { port: running.port, managementPort: running.managementPort, environment: config.environment },
    "listening",
  );
  if (config.production) return;
  const problem = await databaseProblem(running.firstMigration);
  // The banner is printed after the log lines of the start, so that it stays on the screen.
  if (problem === undefined) await untilStartedUp(running, bannerDelayLimitMs);
  await flush();
  // The server must not end if the reader of its output has closed.
  process.stdout.on("error", () => undefined);
  process.stdout.write(banner(config, running, embedded?.demoLogin, problem));
}

/** Returns a sentence if the database did not answer. The wait is short, because a developer waits for the banner. */
async function databaseProblem(firstMigration: Promise<unknown>): Promise<string | undefined> {
  const timeLimit = sleep(maxDatabaseWaitMs, noAnswer, { ref: false });
  const outcome = await Promise.race([firstMigration, timeLimit]);
  if (outcome === undefined) return undefined;
  if (outcome === noAnswer) return "Postgres has not answered yet. Check DATABASE_URL.";
  const code = failureCode(outcome);
  const explained = explainPostgresFailure(outcome)?.sentence ?? "Postgres does not answer. Check DATABASE_URL.";
  return outcome instanceof MigrationError ? outcome.message : code ? `${explained} (${code})` : explained;
}

/** Starts the server in a child process that restarts when a source changes. */
export async function develop(config: Config): Promise<void> {
  const embedded = config.production ? undefined : await findEmbedded();
  if (embedded === undefined) throw new StartError("dev needs the sources, and does not run with NODE_ENV=production.");
  const { logger, flush } = createLogger({
    level: config.logLevel,
    instance: config.instance,
    version,
    terminal: terminalFormat(),
  });
  const [, main = ""] = process.argv;
  const starting = startDevServer({ config, embedded, logger, flush, main, sources: dirname(main) });
  onStopSignals(process, {
    async stop() {
      await (await starting.catch(() => undefined))?.stop();
      await flush();
      process.exit(exitCodes.ok);
    },
    abort: () => process.exit(exitCodes.interrupted),
    ...optionsUnderNpm(process),
  });
  await starting;
}

/** On a terminal, log lines are printed for people instead of as JSON. */
function terminalFormat(): { colour: boolean } | undefined {
  return process.stdout.isTTY ? { colour: process.stdout.hasColors() } : undefined;
}

async function untilStartedUp({ parts, prepared }: Running, limitMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, limitMs);
  const check = ({ startedUp, capabilities }: ReturnType<Running["parts"]["kit"]["snapshot"]>) => {
    const hasRun = capabilities.every(({ status }) => status !== "unknown");
    // Waits for the demo account, because the banner names it, and for the next turn of the event loop, because state
    // changes are logged in this turn.
    if (startedUp && hasRun) void prepared.then(() => setImmediate(resolve));
  };
  const unsubscribe = parts.kit.monitor.onSnapshot(check);
  check(parts.kit.snapshot());
  await promise;
  clearTimeout(timer);
  unsubscribe();
}

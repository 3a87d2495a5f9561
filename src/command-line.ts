// First, so that it applies while the other modules are loaded.
import "./core/young-generation.ts";
import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type AccountCommand, activate, deactivate, grantAdmin, revokeAdmin } from "./account-commands.ts";
import { banner } from "./banner.ts";
import { captureInstances } from "./capture-command.ts";
import { readConfig } from "./config/read-config.ts";
import { ConfigError } from "./config/setting-problems.ts";
import { readPostgres } from "./config/store-settings.ts";
import { failureCode } from "./core/connection-failure.ts";
import type { Embedded } from "./core/embedded-engines.ts";
import { formatLogStream } from "./core/format-log-stream.ts";
import { version } from "./core/identity.ts";
import { createLogger } from "./core/logger.ts";
import { StartError } from "./core/start-error.ts";
import { growYoungGenerationUnderLoad } from "./core/young-generation.ts";
import { explainPostgresFailure } from "./db/connect/explain-failure.ts";
import { applyMigrations, migrateUsage, readMigrateArguments, showStatus } from "./db/migrate-command.ts";
import { MigrationError } from "./db/migration-files.ts";
import { describeError } from "./describe-error.ts";
import { startDevServer } from "./dev-server.ts";
import { onStopSignals, optionsUnderNpm } from "./kit/lifecycle/signals.ts";
import { type Running, start } from "./server.ts";

// Reads the command line and the environment, and sets exit codes. No other file does.

const exitCodes = { ok: 0, failed: 1, pending: 3, usage: 64, config: 78, interrupted: 130 } as const;

const migrateExitCodes = { done: exitCodes.ok, pending: exitCodes.pending, changed: exitCodes.failed } as const;

const bannerDelayLimitMs = 10_000;
const maxDatabaseWaitMs = 5000;
const silence = Symbol("silence");

/** The project's own folder, both from src/ and from dist/. */
const shippedFolder = fileURLToPath(new URL("../", import.meta.url));

const usage = `Usage: node dist/main.js [command]

  start      start the server (the default)
  dev        start the server, and restart it when a source changes; sources only
  migrate    apply pending migrations, then exit; see migrate --help
  migrate status
             list applied and pending migrations, then exit
  grant-admin EMAIL
             make the account with this address an administrator, then exit
  revoke-admin EMAIL
             make the account a member again and revoke its sessions, then exit
  deactivate EMAIL
             deactivate the account and revoke its sessions, then exit
  activate EMAIL
             allow a deactivated account to sign in again, then exit
  capture URL [URL …]
             save health, metrics, log lines and profiles of instances in a folder;
             OPS_TOKEN is sent if it is set
  logs       print JSON log lines from the standard input for people:
             kubectl logs deployment/haven | node dist/main.js logs
  doctor     find numbers that disagree in configuration files; see doctor --help
  help       show this
  version    show the version

Settings are environment variables; docs/settings.md lists them. If NODE_ENV is not
production, an .env file in the working directory is read as well.
`;

type Command = { run(...args: string[]): Promise<void>; args: number };

const commands: Readonly<Record<string, Command>> = {
  start: { run: serve, args: 0 },
  dev: { run: develop, args: 0 },
  "grant-admin": { run: accountCommand(grantAdmin), args: 1 },
  "revoke-admin": { run: accountCommand(revokeAdmin), args: 1 },
  deactivate: { run: accountCommand(deactivate), args: 1 },
  activate: { run: accountCommand(activate), args: 1 },
  logs: { run: formatLogs, args: 0 },
  help: { run: async () => void process.stdout.write(usage), args: 0 },
  version: { run: async () => void process.stdout.write(`${version}\n`), args: 0 },
};

await run().catch((error: unknown) => {
  process.stderr.write(describeError(error));
  process.exit(error instanceof ConfigError ? exitCodes.config : exitCodes.failed);
});

async function run(): Promise<void> {
  if (process.argv[2] === "doctor") {
    // The .env file of this folder is not read, because it is for development, and the doctor judges production.
    const { runInProcess } = await import("./doctor/cli/run-in-process.ts");
    return runInProcess(process.argv.slice(3), { version, program: "node dist/main.js doctor", shippedFolder });
  }
  if (process.argv[2] === "capture") return captureAndExit(process.argv.slice(3));
  if (process.argv[2] === "migrate") return migrateAndExit(process.argv.slice(3));
  const words = commandWords(process.argv.slice(2));
  if (words instanceof Error) return exitWithUsage(words.message);
  const [name = "start", ...args] = words;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) return exitWithUsage(`Unknown command: ${name}`);
  if (command.args !== args.length) {
    return exitWithUsage(command.args === 0 ? `${name} takes no arguments.` : `${name} needs exactly one EMAIL.`);
  }
  await command.run(...args);
}

function exitWithUsage(reason: string): never {
  process.stderr.write(`${reason}\n\n${usage}`);
  process.exit(exitCodes.usage);
}

function commandWords(args: string[]): string[] | Error {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { help: { type: "boolean", short: "h" }, version: { type: "boolean", short: "v" } },
    });
    if (values.help) return ["help"];
    return values.version ? ["version"] : positionals;
  } catch (error) {
    const [reason = ""] = String(error instanceof Error ? error.message : error).split(". ");
    return new Error(reason);
  }
}

async function serve(): Promise<void> {
  const config = readConfig(environment());
  const { logger, flush, droppedLines, recentLines } = createLogger({
    level: config.logLevel,
    instance: config.instance,
    version,
    traced: config.tracing !== undefined,
    terminal: process.stdout.isTTY && !config.production ? { colour: process.stdout.hasColors() } : undefined,
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
    // Not `fatal`, which pino writes synchronously: a stuck reader would block the exit.
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
  process.stdout.write(banner(config, running, embedded?.demoLogin, problem));
}

/** Returns a sentence if the database did not answer. The wait is short, because a developer waits for the banner. */
async function databaseProblem(firstMigration: Promise<unknown>): Promise<string | undefined> {
  const silent = sleep(maxDatabaseWaitMs, silence, { ref: false });
  const outcome = await Promise.race([firstMigration, silent]);
  if (outcome === undefined) return undefined;
  if (outcome === silence) return "Postgres has not answered yet. Check DATABASE_URL.";
  const code = failureCode(outcome);
  const explained = explainPostgresFailure(outcome)?.sentence ?? "Postgres does not answer. Check DATABASE_URL.";
  return outcome instanceof MigrationError ? outcome.message : code ? `${explained} (${code})` : explained;
}

async function develop(): Promise<void> {
  const config = readConfig(environment());
  const embedded = config.production ? undefined : await findEmbedded();
  if (embedded === undefined) throw new StartError("dev needs the sources, and does not run with NODE_ENV=production.");
  const { logger, flush } = createLogger({ level: config.logLevel, instance: config.instance, version });
  const [, main = ""] = process.argv;
  const starting = startDevServer({ config, embedded, logger, main, sources: dirname(main) });
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

async function untilStartedUp({ parts, prepared }: Running, limitMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const limit = setTimeout(resolve, limitMs);
  const check = ({ startedUp, capabilities }: ReturnType<Running["parts"]["kit"]["snapshot"]>) => {
    const hasRun = capabilities.every(({ status }) => status !== "unknown");
    // Waits for the demo account, which the banner names, and for the next turn, because changes are logged in this
    // one.
    if (startedUp && hasRun) void prepared.then(() => setImmediate(resolve));
  };
  const forget = parts.kit.monitor.onSnapshot(check);
  check(parts.kit.snapshot());
  await promise;
  clearTimeout(limit);
  forget();
}

function formatLogs(): Promise<void> {
  const { stdin, stdout } = process;
  return formatLogStream(stdin, stdout, { colour: stdout.isTTY && stdout.hasColors() });
}

async function captureAndExit(urls: readonly string[]): Promise<void> {
  if (urls.length === 0 || urls.some((url) => url.startsWith("-")))
    exitWithUsage("capture needs the URL of an instance.");
  const token = environment()["OPS_TOKEN"];
  const saved = await captureInstances({ urls, token, folder: process.cwd(), now: new Date() });
  process.stdout.write(`${saved}\n`);
}

async function migrateAndExit(args: readonly string[]): Promise<void> {
  const wanted = readMigrateArguments(args);
  if (wanted === undefined) {
    process.stderr.write(migrateUsage);
    process.exit(exitCodes.usage);
  }
  if (wanted.action === "help") return void process.stdout.write(migrateUsage);
  const database = readPostgres(environment());
  const onProgress = (message: string) => void process.stderr.write(`${message}\n`);
  const { output, state } =
    wanted.action === "status"
      ? await showStatus(database)
      : await applyMigrations(database, wanted.grantTo, onProgress);
  process.stdout.write(output);
  process.exitCode = migrateExitCodes[state];
}

function accountCommand(command: AccountCommand): Command["run"] {
  return async (email = "") => void process.stdout.write(`${await command(environment(), email)}\n`);
}

function environment(): NodeJS.ProcessEnv {
  if (process.env["NODE_ENV"] === "production" || !existsSync(".env")) return process.env;
  if (!statSync(".env").isFile()) throw new StartError(".env exists but is not a file.");
  process.loadEnvFile(".env");
  return process.env;
}

/** A production build does not contain the folder, so it is not imported statically. */
async function findEmbedded(): Promise<Embedded | undefined> {
  const file = new URL("./embedded/engines.ts", import.meta.url);
  if (!existsSync(file)) return undefined;
  return (await import(file.href)) as Embedded;
}

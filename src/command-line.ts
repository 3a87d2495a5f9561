// This import is first, so that its setting applies while the other modules are loaded.
import "./core/young-generation.ts";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type AccountCommand, activate, deactivate, grantAdmin, revokeAdmin } from "./account-commands.ts";
import { captureInstances } from "./capture-command.ts";
import { readConfig } from "./config/read-config.ts";
import { readPostgres } from "./config/sections/store-settings.ts";
import { ConfigError } from "./config/setting-problems.ts";
import { StartError } from "./core/errors/start-error.ts";
import { version } from "./core/identity.ts";
import { formatLogStream } from "./core/logging/format-log-stream.ts";
import { closestWord } from "./core/spelling.ts";
import { applyMigrations, migrateUsage, readMigrateArguments, showStatus } from "./db/migrate/migrate-command.ts";
import { describeError } from "./describe-error.ts";
import { withDevelopmentStores } from "./development-stores.ts";
import { exitCodes } from "./exit-codes.ts";
import { develop, serve } from "./serve-command.ts";

// Reads the command line and the environment, and runs one command.

const migrateExitCodes = { done: exitCodes.ok, pending: exitCodes.pending, changed: exitCodes.failed } as const;

/** The folder of this project. The path is the same for src/ and for dist/. */
const shippedFolder = fileURLToPath(new URL("../", import.meta.url));

const usage = `Usage: node dist/main.js [command]

  start      start the server (the default)
  dev        start the server, and restart it when a source changes;
             only from the sources, not from a build
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
  logs       print JSON log lines from the standard input in readable form:
             kubectl logs deployment/haven | node dist/main.js logs
  doctor     find numbers that disagree in configuration files; see doctor --help
  help       show this
  version    show the version

Settings are environment variables; docs/settings.md lists them. If NODE_ENV is not
production, an .env file in the working directory is read as well.
`;

type Command = { run(...args: string[]): Promise<void>; args: number };

const commands: Readonly<Record<string, Command>> = {
  start: { run: () => serve(readConfig(environment())), args: 0 },
  dev: { run: () => develop(readConfig(environment())), args: 0 },
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
    // The .env file of this folder is not read: it is for development, and the doctor checks settings of production.
    const { runInProcess } = await import("./doctor/cli/run-in-process.ts");
    return runInProcess(process.argv.slice(3), { version, program: "node dist/main.js doctor", shippedFolder });
  }
  if (process.argv[2] === "capture") return captureAndExit(process.argv.slice(3));
  if (process.argv[2] === "migrate") return migrateAndExit(process.argv.slice(3));
  const words = commandWords(process.argv.slice(2));
  if (words instanceof Error) return exitWithUsage(words.message);
  const [name = "start", ...args] = words;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) return exitWithUsage(unknownCommand(name));
  if (command.args !== args.length) {
    return exitWithUsage(command.args === 0 ? `${name} takes no arguments.` : `${name} needs exactly one EMAIL.`);
  }
  await command.run(...args);
}

function unknownCommand(name: string): string {
  const commandNames = new Set(Array.from(usage.matchAll(/^ {2}([a-z-]+)/gm), ([, command = ""]) => command));
  const meant = closestWord(name, commandNames);
  return `Unknown command: ${name}${meant === undefined ? "" : `; ${meant} is probably meant`}`;
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
  const migration = readMigrateArguments(args);
  if (migration === undefined) {
    process.stderr.write(migrateUsage);
    process.exit(exitCodes.usage);
  }
  if (migration.action === "help") return void process.stdout.write(migrateUsage);
  exitOnSignals();
  const database = readPostgres(await withDevelopmentStores(environment()));
  const onProgress = (message: string) => void process.stderr.write(`${message}\n`);
  const { output, state } =
    migration.action === "status"
      ? await showStatus(database)
      : await applyMigrations(database, migration.grantTo, onProgress);
  process.stdout.write(output);
  process.exitCode = migrateExitCodes[state];
}

function accountCommand(command: AccountCommand): Command["run"] {
  return async (email = "") => {
    exitOnSignals();
    process.stdout.write(`${await command(await withDevelopmentStores(environment()), email)}\n`);
  };
}

/** The default action of a signal would end the process without the event `exit`, and leave a password command running. */
function exitOnSignals(): void {
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
}

function environment(): NodeJS.ProcessEnv {
  if (process.env["NODE_ENV"] === "production" || !existsSync(".env")) return process.env;
  if (!statSync(".env").isFile()) throw new StartError(".env exists but is not a file.");
  process.loadEnvFile(".env");
  return process.env;
}

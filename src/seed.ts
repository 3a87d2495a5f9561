import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { createPasswords } from "./auth/passwords.ts";
import { type Config, readConfig } from "./config/read-config.ts";
import { ConfigError } from "./config/setting-problems.ts";
import { StartError } from "./core/errors/start-error.ts";
import { migrate } from "./db/migrate/migrate.ts";
import { createDatabase } from "./db/pool.ts";
import { describeError } from "./describe-error.ts";
import { addDemoData, demoLogin } from "./embedded/demo/add-demo-data.ts";
import { addEstate, estateEmail } from "./embedded/demo/add-estate.ts";
import { startEngines } from "./embedded/engines.ts";
import { exitCodes } from "./exit-codes.ts";

// `npm run seed`: a command for development, which is not part of dist.

const defaultRows = 10_000;
const maxRows = 10_000_000;
const statementTimeoutMs = 60_000;

const usage = `Usage: npm run seed -- [--rows ROWS]

  --rows ROWS  the size of the estate, from 1 to 10,000,000 rows (default 10,000),
               rounded up to whole properties of 100 rows
  --help       show this

Gives the account ${estateEmail} properties, units, leases, maintenance requests
and events, the same on every machine. A second run adds only what is missing. The
database is that of DATABASE_URL, or else the embedded Postgres, also while the server
runs.
`;

async function main(): Promise<number> {
  const rows = readRows(process.argv.slice(2));
  if (rows === "help") {
    process.stdout.write(usage);
    return exitCodes.ok;
  }
  if (rows === undefined) {
    process.stderr.write(`seed takes only --rows with a number from 1 to 10,000,000.\n\n${usage}`);
    return exitCodes.usage;
  }
  if (existsSync(".env")) process.loadEnvFile(".env");
  if (process.env["NODE_ENV"] === "production") {
    throw new StartError("seed adds invented data, so it does not run with NODE_ENV=production.");
  }
  process.stdout.write(await seed(readConfig(process.env), rows));
  return exitCodes.ok;
}

/** Returns undefined if the arguments are invalid. */
function readRows(args: readonly string[]): number | "help" | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { help: { type: "boolean", short: "h" }, rows: { type: "string", default: String(defaultRows) } },
    });
    if (values.help) return "help";
    const rows = /^\d{1,8}$/.test(values.rows) ? Number(values.rows) : 0;
    return rows >= 1 && rows <= maxRows ? rows : undefined;
  } catch {
    return undefined;
  }
}

async function seed(config: Config, rows: number): Promise<string> {
  const stack = new AsyncDisposableStack();
  try {
    return await seedWith(config, rows, stack);
  } finally {
    await stack.disposeAsync();
  }
}

async function seedWith(config: Config, rows: number, stack: AsyncDisposableStack): Promise<string> {
  const isEmbedded = config.postgres.url === undefined;
  const url = config.postgres.url ?? (await embeddedPostgres(config, stack));
  await migrate({ ...config.postgres, url, timeoutMs: config.postgres.migrationTimeoutMs });
  const { query, close } = createDatabase({ ...config.postgres, url, statementTimeoutMs }, (statement) => statement());
  stack.defer(close);
  const { hash } = createPasswords({ queueTimeoutMs: 10_000 });
  // The demo data is added first, because the server adds it only to an empty database.
  if (isEmbedded) await addDemoData({ query, hash });
  // The demo password is public, and the database of DATABASE_URL may be reachable for other people.
  const password = isEmbedded ? demoLogin.password : randomBytes(12).toString("base64url");
  const estate = await addEstate({ query, hash }, { rows, password, onProgress: printTenths(), nowMs: Date.now() });
  const login = isEmbedded || estate.isNew ? `password ${password}` : "its password was printed when it was created";
  const [now, added] = [estate.rowsAfter, estate.rowsAfter - estate.rowsBefore].map(format);
  return `The estate has ${now} rows; ${added} were added. Its account is ${estateEmail}, ${login}.\n`;
}

/** Returns the address of the embedded Postgres: that of the running server, or one that runs until the stack is disposed. */
async function embeddedPostgres(config: Config, stack: AsyncDisposableStack): Promise<string> {
  const engines = await startEngines({
    postgres: true,
    redis: false,
    dataDir: config.embeddedDataDir,
    log: ({ engine, event }) => process.stderr.write(`embedded ${engine} ${event}\n`),
  });
  stack.defer(engines.stop);
  if (engines.databaseUrl === undefined) throw new Error("The embedded Postgres has no address.");
  return engines.databaseUrl;
}

function printTenths(): (rows: number, total: number) => void {
  let printed = 0;
  return (rows, total) => {
    const tenths = Math.floor((rows * 10) / total);
    if (tenths === printed) return;
    printed = tenths;
    process.stderr.write(`${format(rows)} of ${format(total)} rows\n`);
  };
}

const format = (rows: number): string => rows.toLocaleString("en");

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(describeError(error));
  return error instanceof ConfigError ? exitCodes.config : exitCodes.failed;
});

import { Client } from "pg";
import type { EngineLog } from "../../core/embedded-engines.ts";
import { withTimeout } from "../../core/timing/stall-tolerant-timeout.ts";
import { alternative, EngineError, lastErrorLine } from "../engine-error.ts";
import { localhost } from "../processes/free-port.ts";
import { endPostgresIn, forced } from "../processes/processes.ts";
import { startWithRetry } from "../processes/start-with-retry.ts";
import { type EngineProcess, supervise } from "../processes/supervise.ts";
import { postgresBinaries } from "./binaries.ts";
import { type DataDirectory, prepareDataDirectory, startGuard } from "./data-directory.ts";

const readyTimeoutMs = 20_000;
const stopTimeoutMs = 2_300;
const connectTimeoutMs = 5_000;
const user = "haven";
const database = "haven";

const settings = {
  listen_addresses: localhost,
  unix_socket_directories: "",
  max_connections: 150,
  shared_buffers: "32MB",
  // No replica and no backup reads the WAL.
  wal_level: "minimal",
  max_wal_senders: 0,
  max_logical_replication_workers: 0,
  io_method: "sync",
  jit: "off",
  logging_collector: "off",
  log_destination: "stderr",
  log_line_prefix: "",
  log_checkpoints: "off",
  log_min_messages: "log",
  // the messages are parsed below
  lc_messages: "C",
};
// For tests. If only Postgres is killed, every commit is kept. A crash of the machine loses data.
const unsafeFastSettings = { fsync: "off", full_page_writes: "off" };

type PostgresRequest = { dataDir: string; log: EngineLog; fast?: boolean; port?: number };
export type Postgres = Awaited<ReturnType<typeof startPostgres>>;

/** Starts Postgres as a separate process with its data in dataDir/postgres. If it exits, it is restarted on the same port. */
export async function startPostgres({ dataDir, log, fast = false, port: fixedPort }: PostgresRequest) {
  const binaries = postgresBinaries();
  const dataDirectory = await prepareDataDirectory(dataDir, binaries, () =>
    log({ engine: "postgres", event: "is being set up; the first start takes some seconds" }),
  );
  let pid: number | undefined;

  const startOn = (port: number) =>
    startProcess({ program: binaries.postgres, dataDirectory, port, fast, log, onPid: (started) => (pid = started) });

  const { first, port } = await startWithRetry(startOn, fixedPort);
  const url = `postgres://${user}:${dataDirectory.password}@${localhost}:${port}/${database}`;
  await ensureDatabase(url).catch(async (error: Error) => {
    await first.stop();
    throw new EngineError(`The embedded Postgres does not serve its database (${error.message}): ${alternative}.`, {
      cause: error,
    });
  });
  log({ engine: "postgres", event: "started", port, pid });

  const restart = async () => {
    pid = undefined;
    // workers may outlive the main process, and their shared memory would prevent the next start
    await endPostgresIn(dataDirectory.directory, forced);
    return startOn(port);
  };
  const { stop } = supervise({ engine: "postgres", first, restart, log });
  return { url, port, pid: () => pid, stop };
}

type ProcessRequest = {
  program: string;
  dataDirectory: DataDirectory;
  port: number;
  fast: boolean;
  log: EngineLog;
  onPid: (pid: number) => void;
};

function startProcess({ program, dataDirectory, port, fast, log, onPid }: ProcessRequest): EngineProcess {
  const options = Object.entries({ ...settings, ...(fast && unsafeFastSettings), port });
  const commandLine = [
    program,
    "-D",
    dataDirectory.directory,
    ...options.flatMap(([name, value]) => ["-c", `${name}=${value}`]),
  ];
  const serving = Promise.withResolvers<void>();
  const child = startGuard(dataDirectory.as, dataDirectory.directory, commandLine, {
    onOutput: (line) => line.startsWith("pid ") && onPid(Number(line.slice(4))),
    onErrorLine: (line) => {
      if (line.includes("ready to accept connections")) serving.resolve();
      const killed = /LOG: +(.*) \(PID (\d+)\) (was terminated by .*)/.exec(line);
      if (killed)
        log({ engine: "postgres", event: "worker died", worker: killed[1], pid: Number(killed[2]), reason: killed[3] });
    },
  });
  const startError = (reason: string) =>
    new EngineError(`The embedded Postgres did not start in ${dataDirectory.directory} (${reason}): ${alternative}.`);
  const ended = child.exited.then((exitReason) => {
    const errorLines = child.errorLines();
    throw startError(errorLines.length > 0 ? lastErrorLine(errorLines) : exitReason);
  });
  const ready = withTimeout(readyTimeoutMs, Promise.race([serving.promise, ended]), () =>
    startError(`not ready after ${readyTimeoutMs / 1_000} s`),
  );
  // Both promises also reject when Postgres exits after it was ready.
  ended.catch(() => {});
  ready.catch(() => {});
  return {
    ready,
    exited: child.exited,
    async stop() {
      await child.stop(stopTimeoutMs);
      await endPostgresIn(dataDirectory.directory, forced);
    },
  };
}

async function ensureDatabase(url: string): Promise<void> {
  if (await databaseExists(url)) return;
  const client = createClient(url.replace(/\/[^/]*$/, "/postgres"));
  try {
    await client.connect();
    await client.query(`CREATE DATABASE ${database}`);
  } finally {
    await client.end();
  }
}

async function databaseExists(url: string): Promise<boolean> {
  const client = createClient(url);
  try {
    await client.connect();
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "3D000") return false;
    throw error;
  } finally {
    await client.end();
  }
}

const createClient = (url: string) => {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: connectTimeoutMs,
  });
  client.on("error", () => {});
  return client;
};

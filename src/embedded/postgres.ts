import { Client } from "pg";
import { EngineError, elsewhere, lastErrorLine } from "./engine-error.ts";
import type { EngineLog } from "./events.ts";
import { localhost } from "./free-port.ts";
import { postgresBinaries } from "./postgres-binaries.ts";
import { type Cluster, prepareCluster, startGuard } from "./postgres-cluster.ts";
import { endPostgresIn, forced } from "./processes.ts";
import { startWithRetry } from "./start-with-retry.ts";
import { type EngineProcess, supervise } from "./supervise.ts";
import { within } from "./within.ts";

const readyLimitMs = 20_000;
const stopLimitMs = 2_300;
const connectLimitMs = 5_000;
const user = "haven";
const database = "haven";

const settings = {
  listen_addresses: localhost,
  unix_socket_directories: "",
  max_connections: 100,
  shared_buffers: "32MB",
  // nobody copies or follows this cluster
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
  // its words are read below
  lc_messages: "C",
};
// a killed engine still keeps every commit: only a crash of the machine loses data
const unsafeFastSettings = { fsync: "off", full_page_writes: "off" };

type PostgresRequest = { dataDir: string; log: EngineLog; fast?: boolean; port?: number };
export type Postgres = Awaited<ReturnType<typeof startPostgres>>;

/** Postgres over dataDir/postgres, in a process of its own, started again on the same port whenever it dies. */
export async function startPostgres({ dataDir, log, fast = false, port: wanted }: PostgresRequest) {
  const binaries = postgresBinaries();
  const cluster = await prepareCluster(dataDir, binaries);
  let pid: number | undefined;

  const live = (port: number) =>
    startProcess({ program: binaries.postgres, cluster, port, fast, log, onPid: (started) => (pid = started) });

  const { first, port } = await startWithRetry(live, wanted);
  const url = `postgres://${user}:${cluster.password}@${localhost}:${port}/${database}`;
  await ensureDatabase(url).catch(async (error: Error) => {
    await first.stop();
    throw new EngineError(`The embedded Postgres does not serve its database (${error.message}): ${elsewhere}.`, {
      cause: error,
    });
  });
  log({ engine: "postgres", event: "started", port, pid });

  const next = async () => {
    pid = undefined;
    // its workers may outlive it for a while, and their shared memory would keep the next one from starting
    await endPostgresIn(cluster.directory, forced);
    return live(port);
  };
  const { stop } = supervise({ engine: "postgres", first, next, log });
  return { url, port, pid: () => pid, stop };
}

type LifeRequest = {
  program: string;
  cluster: Cluster;
  port: number;
  fast: boolean;
  log: EngineLog;
  onPid: (pid: number) => void;
};

function startProcess({ program, cluster, port, fast, log, onPid }: LifeRequest): EngineProcess {
  const given = Object.entries({ ...settings, ...(fast && unsafeFastSettings), port });
  const words = [program, "-D", cluster.directory, ...given.flatMap(([name, value]) => ["-c", `${name}=${value}`])];
  const served = Promise.withResolvers<void>();
  const child = startGuard(cluster.as, cluster.directory, words, {
    onOutput: (line) => line.startsWith("pid ") && onPid(Number(line.slice(4))),
    onComplaint: (line) => {
      if (line.includes("ready to accept connections")) served.resolve();
      const killed = /LOG: +(.*) \(PID (\d+)\) (was terminated by .*)/.exec(line);
      if (killed)
        log({ engine: "postgres", event: "worker died", worker: killed[1], pid: Number(killed[2]), reason: killed[3] });
    },
  });
  const failure = (how: string) =>
    new EngineError(`The embedded Postgres did not start in ${cluster.directory} (${how}): ${elsewhere}.`);
  const ended = child.exited.then((how) => {
    const words = child.complaints();
    throw failure(words.length > 0 ? lastErrorLine(words) : how);
  });
  const ready = within(readyLimitMs, Promise.race([served.promise, ended]), () =>
    failure(`not ready after ${readyLimitMs / 1_000} s`),
  );
  // it ends after having been ready too
  ended.catch(() => {});
  ready.catch(() => {});
  return {
    ready,
    exited: child.exited,
    async stop() {
      await child.stop(stopLimitMs);
      await endPostgresIn(cluster.directory, forced);
    },
  };
}

async function ensureDatabase(url: string): Promise<void> {
  if (await connects(url)) return;
  const client = clientFor(url.replace(/\/[^/]*$/, "/postgres"));
  try {
    await client.connect();
    await client.query(`CREATE DATABASE ${database}`);
  } finally {
    await client.end();
  }
}

async function connects(url: string): Promise<boolean> {
  const client = clientFor(url);
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

const clientFor = (url: string) => {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: connectLimitMs,
    query_timeout: connectLimitMs,
  });
  client.on("error", () => {});
  return client;
};

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { postgresBinaries } from "../../../src/embedded/postgres/binaries.ts";
import { type DataDirectory, prepareDataDirectory } from "../../../src/embedded/postgres/data-directory.ts";
import { endPostgresIn, forced, postgresIn, sendSignal } from "../../../src/embedded/processes/processes.ts";
import { atEnd } from "../../../test/shared/at-end.ts";
import { eventually } from "../../../test/shared/eventually.ts";
import { freePort } from "../../../test/shared/free-port.ts";
import { query } from "../../../test/shared/servers/stores/database.ts";

/** A small number, so that a fault can use up all connections: three instances use 3 × (10 + 2). */
const maxConnections = 60;
/** Reserved, so that the run can connect although clients have taken all other connections. */
const reservedConnections = 10;

export type PostgresOptions = {
  /** The folder in which the data directory is created; a temporary one unless given. */
  folder?: string;
  host?: string;
  port?: number;
  settings?: Readonly<Record<string, string | number>>;
};

/** Creates a folder that is removed at the end of the run. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "haven-chaos-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Creates a Postgres with its default durability. `start` starts it, also after it was killed. */
export async function createPostgres(options: PostgresOptions = {}) {
  const { folder = temporaryFolder() } = options;
  return createNode(await prepareDataDirectory(folder, postgresBinaries()), options);
}

/** Creates a second server, to which the data of the first is copied later. */
export function createSecondServer({ data }: Postgres, options: PostgresOptions) {
  return createNode({ ...data, directory: join(temporaryFolder(), "postgres") }, options);
}

async function createNode(
  data: DataDirectory,
  { host = "127.0.0.1", port: givenPort, settings = {} }: PostgresOptions,
) {
  const { directory, password, as } = data;
  const port = givenPort ?? (await freePort());
  const allSettings = {
    port,
    listen_addresses: host,
    unix_socket_directories: "",
    max_connections: maxConnections,
    superuser_reserved_connections: reservedConnections,
    ...settings,
  };
  const settingArguments = Object.entries(allSettings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const [command = "", ...args] = [...as.prefix, postgresBinaries().postgres, "-D", directory, ...settingArguments];
  const owner = { ...(as.uid !== undefined && { uid: as.uid }), ...(as.gid !== undefined && { gid: as.gid }) };
  const adminUrl = `postgres://haven:${password}@${host}:${port}/postgres`;

  const isAnswering = () =>
    query(adminUrl, "SELECT 1").then(
      () => true,
      () => false,
    );
  const kill = () => endPostgresIn(directory, forced);
  const signalAll = async (signal: NodeJS.Signals) => {
    // Two rounds, because a process of the first round may have started another process.
    for (let round = 0; round < 2; round += 1) for (const pid of await postgresIn(directory)) sendSignal(pid, signal);
  };
  atEnd(kill);
  return {
    adminUrl,
    data,
    host,
    port,
    async start(): Promise<void> {
      const child = spawn(command, args, {
        ...owner,
        cwd: directory,
        stdio: "ignore",
        env: { PATH: process.env["PATH"], LC_ALL: "C" },
      });
      child.on("error", () => undefined);
      await eventually(isAnswering, Boolean, 20_000, 50);
    },
    kill,
    freeze: () => signalAll("SIGSTOP"),
    thaw: () => signalAll("SIGCONT"),
  };
}

export type Postgres = Awaited<ReturnType<typeof createPostgres>>;

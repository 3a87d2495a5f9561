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
import { query } from "../../../test/shared/servers/database.ts";

/** A small number, so that a fault can use up all connections: Haven uses 3 × (10 + 1). */
const mostConnections = 60;
/** More than the other programs need for their attempts to connect. */
const keptForAdministrators = 10;

export type PostgresOptions = {
  /** Where its data directory is created; a temporary folder unless given. */
  folder?: string;
  host?: string;
  port?: number;
  settings?: Readonly<Record<string, string | number>>;
};

/** A folder that is removed at the end. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "haven-chaos-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A real Postgres with its default durability, which is not restarted when it is killed. */
export async function startPostgres(options: PostgresOptions = {}) {
  const { folder = temporaryFolder() } = options;
  return createNode(await prepareDataDirectory(folder, postgresBinaries()), options);
}

/** A second server with the data of the first; the data is copied later. */
export function secondOf({ data }: Postgres, options: PostgresOptions) {
  return createNode({ ...data, directory: join(temporaryFolder(), "postgres") }, options);
}

async function createNode(data: DataDirectory, { host = "127.0.0.1", port: wanted, settings = {} }: PostgresOptions) {
  const { directory, password, as } = data;
  const port = wanted ?? (await freePort());
  const all = {
    port,
    listen_addresses: host,
    unix_socket_directories: "",
    max_connections: mostConnections,
    superuser_reserved_connections: keptForAdministrators,
    ...settings,
  };
  const words = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const [command = "", ...args] = [...as.prefix, postgresBinaries().postgres, "-D", directory, ...words];
  const owner = { ...(as.uid !== undefined && { uid: as.uid }), ...(as.gid !== undefined && { gid: as.gid }) };
  const adminUrl = `postgres://haven:${password}@${host}:${port}/postgres`;

  const answers = () =>
    query(adminUrl, "SELECT 1").then(
      () => true,
      () => false,
    );
  const kill = () => endPostgresIn(directory, forced);
  const signalAll = async (signal: NodeJS.Signals) => {
    // Twice: a process of the first list may have started another one.
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
      await eventually(answers, Boolean, 20_000, 50);
    },
    kill,
    freeze: () => signalAll("SIGSTOP"),
    thaw: () => signalAll("SIGCONT"),
  };
}

export type Postgres = Awaited<ReturnType<typeof startPostgres>>;

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { postgresBinaries } from "../../../src/embedded/postgres/binaries.ts";
import { prepareDataDirectory } from "../../../src/embedded/postgres/data-directory.ts";
import { endPostgresIn, forced, postgresIn, sendSignal } from "../../../src/embedded/processes/processes.ts";
import { atEnd } from "../../../test/shared/at-end.ts";
import { eventually } from "../../../test/shared/eventually.ts";
import { freePort } from "../../../test/shared/free-port.ts";
import { query } from "../../../test/shared/servers/database.ts";

/** Few, so that they can be used up: 3 × (10 + 1) are Haven's. */
const mostConnections = 60;
/** More than those who try for the others hold in passing. */
const keptForAdministrators = 10;

/** A real Postgres with its default durability, which is not restarted when it is killed. */
export async function startPostgres() {
  const dataDir = mkdtempSync(join(tmpdir(), "haven-chaos-"));
  const binaries = postgresBinaries();
  const { directory, password, as } = await prepareDataDirectory(dataDir, binaries);
  const port = await freePort();
  const settings = {
    port,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: mostConnections,
    superuser_reserved_connections: keptForAdministrators,
  };
  const words = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const [command = "", ...args] = [...as.prefix, binaries.postgres, "-D", directory, ...words];
  const owner = { ...(as.uid !== undefined && { uid: as.uid }), ...(as.gid !== undefined && { gid: as.gid }) };
  const adminUrl = `postgres://haven:${password}@127.0.0.1:${port}/postgres`;

  const answers = () =>
    query(adminUrl, "SELECT 1").then(
      () => true,
      () => false,
    );
  const kill = () => endPostgresIn(directory, forced);
  const signalAll = async (signal: NodeJS.Signals) => {
    // Twice: the first of them may have made another one meanwhile.
    for (let round = 0; round < 2; round += 1) for (const pid of await postgresIn(directory)) sendSignal(pid, signal);
  };
  atEnd(async () => {
    await kill();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return {
    adminUrl,
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

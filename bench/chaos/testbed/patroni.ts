import { type ChildProcess, spawn } from "node:child_process";
import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { endPostgresIn, forced } from "../../../src/embedded/processes/processes.ts";
import { atEnd } from "../../../test/shared/at-end.ts";
import { eventually } from "../../../test/shared/eventually.ts";
import { ask } from "../../../test/shared/requests/http.ts";
import { runProgram } from "../../../test/shared/run-program.ts";
import { postgresPrograms } from "../../../test/shared/servers/postgres-servers.ts";
import { patroniConfig } from "./patroni-config.ts";

export const patroniPrograms = [
  { command: "patroni", package: "patroni" },
  { command: "etcd", package: "etcd-server" },
  { command: "pg_virtualenv", package: "postgresql" },
];

const hosts = ["127.0.1.1", "127.0.1.2"] as const;
/** Not in the folder for temporary files, which the user of Postgres cannot enter. */
const folder = "/run/patroni";

/** Starts two Postgres servers with synchronous replication, managed by Debian's Patroni and etcd. */
export async function startPatroni() {
  const [uid, gid] = await Promise.all(
    ["-u", "-g"].map(async (flag) => Number((await runProgram("id", [flag, "postgres"])).output)),
  );
  if (uid === undefined || gid === undefined) throw new Error("There is no user postgres.");
  mkdirSync(folder, { recursive: true });
  chownSync(folder, uid, gid);
  await startEtcd();
  const password = "a-password-of-the-run";
  const directoryOf = (host: string) => join(folder, host);
  for (const host of hosts) {
    const file = join(folder, `${host}.json`);
    // The file is read as YAML, of which JSON is a part.
    writeFileSync(
      file,
      JSON.stringify(patroniConfig({ host, password, directory: directoryOf(host), bin: postgresPrograms() })),
    );
    run("patroni", [file], { uid, gid });
    // The first server creates the database, and the second one copies it.
    await eventually(() => hasRole(host, host === hosts[0] ? "primary" : "replica"), Boolean, 60_000, 200);
  }
  const primaryHost = () => eventually(findPrimary, (host) => host !== undefined, 40_000, 50);
  let primary = (await primaryHost()) ?? hosts[0];
  return {
    hosts,
    get adminUrl() {
      return `postgres://haven:${password}@${primary}:5432/postgres`;
    },
    /** Waits until there is a primary, and a synchronous standby that follows it. */
    whenReady: () => eventually(() => isReplicating(primary), Boolean, 60_000, 200),
    /** Kills the primary, and waits until the other server is the primary. */
    async killPrimary(): Promise<void> {
      const old = primary;
      await endPostgresIn(directoryOf(old), forced);
      const other = hosts.find((host) => host !== old) ?? hosts[0];
      await eventually(() => hasRole(other, "primary"), Boolean, 60_000, 50);
      primary = other;
    },
  };
}

async function startEtcd(): Promise<void> {
  const urls = ["--listen-client-urls", "http://127.0.0.1:2379", "--advertise-client-urls", "http://127.0.0.1:2379"];
  run("etcd", ["--data-dir", join(folder, "etcd"), "--listen-peer-urls", "http://127.0.0.1:2380", ...urls], {});
  await eventually(
    () => statusOf("http://127.0.0.1:2379/health"),
    (status) => status === 200,
    20_000,
    100,
  );
}

function run(command: string, args: readonly string[], user: { uid?: number; gid?: number }): ChildProcess {
  const child = spawn(command, args, {
    ...user,
    cwd: "/",
    stdio: "ignore",
    env: { PATH: process.env["PATH"], LC_ALL: "C.UTF-8" },
  });
  child.on("error", () => undefined);
  atEnd(() => child.kill("SIGKILL"));
  return child;
}

const statusOf = (url: string): Promise<number> =>
  ask(url, { timeoutMs: 1000 }).then(
    ({ status }) => status,
    () => 0,
  );

/** Returns whether a Postgres has a role: Patroni answers 200 at the path of the role. */
const hasRole = async (host: string, role: "primary" | "replica" | "synchronous"): Promise<boolean> =>
  (await statusOf(`http://${host}:8008/${role}`)) === 200;

async function findPrimary(): Promise<string | undefined> {
  for (const host of hosts) if (await hasRole(host, "primary")) return host;
  return undefined;
}

async function isReplicating(primary: string): Promise<boolean> {
  const standby = hosts.find((host) => host !== primary) ?? primary;
  return (await hasRole(primary, "primary")) && (await hasRole(standby, "synchronous"));
}

import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endPostgresIn, forced } from "../../../../src/embedded/processes/processes.ts";
import { atEnd } from "../../at-end.ts";
import { eventually } from "../../eventually.ts";
import { freePort } from "../../free-port.ts";
import { ask, postJson } from "../../requests/http.ts";
import { postgresPrograms, postgresUser } from "../stores/postgres-servers.ts";
import { nodeName, type PatroniNode, patroniConfig } from "./patroni-config.ts";

export const patroniPrograms = [
  { command: "patroni", package: "patroni" },
  { command: "etcd", package: "etcd-server" },
  { command: "pg_virtualenv", package: "postgresql" },
];

/** Loopback addresses, so that both servers can use the same ports. */
const hosts = ["127.0.1.1", "127.0.1.2"] as const;

/** Starts two Postgres servers with synchronous replication, managed by Debian's Patroni and etcd. */
export async function startPatroni() {
  const user = postgresUser();
  const folder = mkdtempSync(join(tmpdir(), "haven-patroni-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  chmodSync(folder, 0o755);
  if (user) chownSync(folder, user.uid, user.gid);
  const [port, restPort] = [await freePort(hosts[0]), await freePort(hosts[0])];
  const password = "a-password-of-the-run";
  const shared = { port, restPort, etcdPort: await startEtcd(folder), password, bin: postgresPrograms() };
  const nodeOf = (host: string): PatroniNode => ({ ...shared, host, directory: join(folder, host) });
  const stops: (() => void)[] = [];
  // Runs before the folder is removed. A killed Patroni leaves its Postgres running.
  atEnd(async () => {
    for (const stop of stops) stop();
    await Promise.all(hosts.map((host) => endPostgresIn(nodeOf(host).directory, forced)));
  });

  const statusAt = (host: string, path: string) => statusOf(`http://${host}:${restPort}/${path}`);
  /** Returns whether a Postgres has a role: Patroni answers 200 at the path of the role. */
  const hasRole = async (host: string, role: "primary" | "replica" | "synchronous") =>
    (await statusAt(host, role)) === 200;
  for (const host of hosts) {
    const file = join(folder, `${host}.json`);
    // Patroni reads the file as YAML, and JSON is valid YAML.
    writeFileSync(file, JSON.stringify(patroniConfig(nodeOf(host))));
    const patroni = run("patroni", [file], user);
    stops.push(() => patroni.kill("SIGKILL"));
    // The first server creates the database, and the second one copies it.
    await eventually(() => hasRole(host, host === hosts[0] ? "primary" : "replica"), Boolean, 60_000, 200);
  }
  let primary: string = hosts[0];
  const standby = () => hosts.find((host) => host !== primary) ?? hosts[0];
  const whenPrimary = async (host: string) => {
    await eventually(() => hasRole(host, "primary"), Boolean, 60_000, 50);
    primary = host;
  };
  return {
    hosts,
    get adminUrl() {
      return `postgres://haven:${password}@${primary}:${port}/postgres`;
    },
    /** Waits until there is a primary, and a synchronous standby that follows it. */
    whenReady: () =>
      eventually(
        async () => (await hasRole(primary, "primary")) && (await hasRole(standby(), "synchronous")),
        Boolean,
        60_000,
        200,
      ),
    /** Kills the primary, and waits until the other server is the primary. */
    async killPrimary(): Promise<void> {
      const other = standby();
      await endPostgresIn(nodeOf(primary).directory, forced);
      await whenPrimary(other);
    },
    /** Makes the standby the primary, as an operator does before the maintenance of a server. */
    async switchOver(): Promise<void> {
      const other = standby();
      const names = { leader: nodeName(primary), candidate: nodeName(other) };
      const { status, text } = await postJson(`http://${primary}:${restPort}/switchover`, names);
      if (status !== 200) throw new Error(text);
      await whenPrimary(other);
    },
  };
}

async function startEtcd(folder: string): Promise<number> {
  const [port, peerPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const urls = ["--listen-client-urls", url, "--advertise-client-urls", url];
  const peers = ["--listen-peer-urls", `http://127.0.0.1:${peerPort}`];
  const etcd = run("etcd", ["--data-dir", join(folder, "etcd"), ...peers, ...urls]);
  atEnd(() => etcd.kill("SIGKILL"));
  await eventually(
    () => statusOf(`${url}/health`),
    (status) => status === 200,
    20_000,
    100,
  );
  return port;
}

function run(command: string, args: readonly string[], user?: { uid: number; gid: number }): ChildProcess {
  const child = spawn(command, args, {
    ...user,
    cwd: "/",
    stdio: "ignore",
    env: { PATH: process.env["PATH"], LC_ALL: "C.UTF-8" },
  });
  child.on("error", () => undefined);
  return child;
}

const statusOf = (url: string): Promise<number> =>
  ask(url, { timeoutMs: 1000 }).then(
    ({ status }) => status,
    () => 0,
  );

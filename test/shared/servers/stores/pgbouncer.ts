import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atEnd } from "../../at-end.ts";
import { eventually } from "../../eventually.ts";
import { freePort } from "../../free-port.ts";
import { postgresUser } from "./postgres-servers.ts";

export type PgBouncer = {
  port: number;
  start(): Promise<void>;
  /** Restarts PgBouncer, which closes all connections at once. */
  restart(): Promise<void>;
  stop(): Promise<void>;
};

export type PgBouncerOptions = {
  /** The port of the Postgres behind PgBouncer. */
  port: number;
  users?: Readonly<Record<string, string>>;
  /** Lines of the section [pgbouncer]. */
  settings?: readonly string[];
  /** The databases that PgBouncer serves; by default all. */
  databases?: readonly string[];
};

/** Starts Debian's PgBouncer on 127.0.0.1. */
export async function startPgBouncer(options: PgBouncerOptions): Promise<PgBouncer> {
  const { port: postgresPort, users = {}, settings = [], databases = ["*"] } = options;
  const user = postgresUser();
  const folder = mkdtempSync(join(tmpdir(), "haven-pgbouncer-"));
  chmodSync(folder, 0o755);
  if (user) chownSync(folder, user.uid, user.gid);
  const port = await freePort();
  const userLines = Object.entries(users).map(([name, password]) => `"${name}" "${password}"`);
  writeFileSync(join(folder, "users.txt"), `${userLines.join("\n")}\n`);
  writeFileSync(
    join(folder, "pgbouncer.ini"),
    [
      "[databases]",
      ...databases.map((name) => `${name} = host=127.0.0.1 port=${postgresPort}`),
      "[pgbouncer]",
      ...["listen_addr = 127.0.0.1", `listen_port = ${port}`, `unix_socket_dir = ${folder}`],
      ...[`auth_file = ${folder}/users.txt`, `auth_type = ${userLines.length > 0 ? "scram-sha-256" : "any"}`],
      ...["pool_mode = transaction", "server_login_retry = 1", ...settings, ""],
    ].join("\n"),
  );
  let child: ChildProcess | undefined;
  const stop = async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    // SIGQUIT closes all connections at once. Since PgBouncer 1.23, SIGTERM waits until all clients have disconnected.
    child.kill("SIGQUIT");
    await exited;
  };
  const start = async () => {
    const started = spawn("pgbouncer", [join(folder, "pgbouncer.ini")], {
      stdio: ["ignore", "ignore", "pipe"],
      ...user,
    });
    child = started;
    let output = "";
    started.stderr.on("data", (chunk: Buffer) => (output += chunk));
    const state = await eventually(() => (started.exitCode === null ? accepts(port) : "ended"), Boolean, 10_000);
    if (state === "ended") throw new Error(`pgbouncer did not start:\n${output}`);
  };
  atEnd(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await start();
  return {
    port,
    start,
    stop,
    async restart() {
      await stop();
      await start();
    },
  };
}

function accepts(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, "127.0.0.1", () => {
    socket.destroy();
    resolve(true);
  });
  socket.on("error", () => resolve(false));
  return promise;
}

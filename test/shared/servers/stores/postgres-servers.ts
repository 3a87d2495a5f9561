import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  globSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import pg from "pg";
import { atEnd } from "../../at-end.ts";
import { eventually } from "../../eventually.ts";
import { freePort } from "../../free-port.ts";
import { findOnPath } from "../../programs.ts";

export type PostgresServer = {
  port: number;
  /** The URL for the superuser, without TLS. */
  url: string;
  /** The directory that contains the Unix socket and the data. */
  folder: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Reads the configuration and the certificates again. */
  reload(): void;
  freeze(): void;
  thaw(): void;
};

export type PostgresServerOptions = {
  /** Lines of postgresql.conf. */
  settings?: readonly string[];
  /** Lines of pg_hba.conf, placed before the line that trusts the superuser. */
  access?: readonly string[];
  /** Starts a standby that replicates from this server. */
  standbyOf?: PostgresServer;
};

/** Returns the user that Debian's package creates; Postgres does not run as root. */
export function postgresUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

/** Returns the folder of the programs of Postgres: the one on the PATH, else that of Debian's newest installed version. */
export function postgresPrograms(): string {
  const onPath = findOnPath("postgres");
  if (onPath !== undefined) return dirname(realpathSync(onPath));
  const [folder] = globSync("/usr/lib/postgresql/*/bin").sort().reverse();
  if (folder === undefined) throw new Error("The Debian package postgresql is not installed.");
  return folder;
}

/** Starts the Postgres of the distribution on 127.0.0.1 with the given settings. */
export async function startPostgresServer(options: PostgresServerOptions = {}): Promise<PostgresServer> {
  const { settings = [], access = [], standbyOf } = options;
  const user = postgresUser();
  const folder = mkdtempSync(join(tmpdir(), "haven-postgres-"));
  chmodSync(folder, 0o755);
  if (user) chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  const run = (program: string, args: readonly string[]) =>
    execFileSync(join(postgresPrograms(), program), args, {
      stdio: "pipe",
      ...user,
      cwd: folder,
      env: { PATH: process.env["PATH"] },
    });
  if (standbyOf === undefined) run("initdb", ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8"]);
  else run("pg_basebackup", ["-D", data, "-d", standbyOf.url, "-R", "-c", "fast"]);
  const port = await freePort();
  appendFileSync(
    join(data, "postgresql.conf"),
    [
      "",
      ...[`port = ${port}`, "listen_addresses = '127.0.0.1'", `unix_socket_directories = '${folder}'`],
      ...["fsync = off", "synchronous_commit = local", "wal_level = replica", ...settings, ""],
    ].join("\n"),
  );
  const trustRules = [
    "local all all trust",
    "host all postgres 127.0.0.1/32 trust",
    "host replication all 127.0.0.1/32 trust",
  ];
  const accessRules = [...access, ...trustRules, "host all all 127.0.0.1/32 scram-sha-256", ""].join("\n");
  writeFileSync(join(data, "pg_hba.conf"), accessRules);

  let child: ChildProcess | undefined;
  let output = "";
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const server: PostgresServer = {
    port,
    url,
    folder,
    async start() {
      const started = spawn(join(postgresPrograms(), "postgres"), ["-D", data], {
        stdio: ["ignore", "ignore", "pipe"],
        ...user,
      });
      child = started;
      started.stderr.on("data", (chunk: Buffer) => (output += chunk));
      const answers = () => (started.exitCode === null ? canConnect(url) : "ended");
      const state = await eventually(answers, Boolean, 15_000, 50);
      if (state === "ended") throw new Error(`Postgres did not start:\n${output}`);
    },
    async stop() {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGCONT");
      child.kill("SIGQUIT");
      await exited;
    },
    reload: () => void child?.kill("SIGHUP"),
    freeze: () => void child?.kill("SIGSTOP"),
    thaw: () => void child?.kill("SIGCONT"),
  };
  atEnd(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await server.start();
  return server;
}

async function canConnect(connectionString: string): Promise<boolean> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 1000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}

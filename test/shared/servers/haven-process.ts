import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { atEnd } from "../at-end.ts";
import { eventually } from "../eventually.ts";
import { freePort } from "../free-port.ts";
import { ask } from "../requests/http.ts";
import { asAppRole, freshDatabase } from "./stores/database.ts";
import { freshRedis } from "./stores/redis.ts";

export type HavenProcess = {
  url: string;
  port: number;
  pid: number;
  child: ChildProcess;
  output(): string;
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
};

export type ProcessOptions = {
  env?: Record<string, string>;
  /** An entry file of this project, or the main file of another tree. */
  entry?: "main" | "with-test-routes" | URL;
  until?: "ready" | "alive" | "started";
  withinMs?: number;
  /** The limit of open files of the process. */
  openFiles?: number | undefined;
  /** A control group that the process joins before Node starts. */
  cgroup?: string | undefined;
};

const entries = {
  main: new URL("../../../src/main.ts", import.meta.url),
  "with-test-routes": new URL("./main-with-test-routes.ts", import.meta.url),
};

/** Starts a server in a separate process, for tests of signals, exit codes and a blocked event loop. */
export async function startHavenProcess({
  env = {},
  entry = "with-test-routes",
  until = "ready",
  withinMs = 45_000,
  openFiles,
  cgroup,
}: ProcessOptions = {}): Promise<HavenProcess> {
  const port = Number(env["PORT"] ?? (await freePort()));
  const limit = openFiles === undefined ? [] : ["prlimit", `--nofile=${openFiles}:${openFiles}`];
  const commandLine = [...limit, process.execPath, fileURLToPath(entry instanceof URL ? entry : entries[entry])];
  const [program = "", ...args] =
    cgroup === undefined
      ? commandLine
      : ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', cgroup, ...commandLine];
  const child = spawn(program, args, {
    env: {
      PATH: process.env["PATH"],
      NODE_ENV: "test",
      HOST: "127.0.0.1",
      PORT: String(port),
      DATABASE_URL: env["DATABASE_URL"] ?? asAppRole(await freshDatabase()),
      REDIS_URL: env["REDIS_URL"] ?? (await freshRedis()),
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk));
  const exited = once(child, "exit").then(([code, signal]) => ({ code, signal }));
  atEnd(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  const url = `http://${env["HOST"] ?? "127.0.0.1"}:${port}`;
  if (until !== "started") {
    const path = until === "ready" ? "/ready" : "/alive";
    const status = () =>
      ask(url + path).then(
        (answer) => answer.status,
        () => 0,
      );
    const statusOrEnded = () => (child.exitCode === null ? status() : -1);
    await eventually(statusOrEnded, (value) => value === 200 || value === -1, withinMs, 50)
      .catch(() => -1)
      .then((value) => {
        if (value !== 200) throw new Error(`The server did not start:\n${output}`);
      });
  }
  return { url, port, pid: child.pid ?? 0, child, output: () => output, exited };
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../test/shared/free-port.ts";
import { interruption } from "./interruption.ts";
import { serverCore } from "./report/machine.ts";

export type Server = { url: string; port: number; pid: number; stop(): Promise<void> };

export type ServerOptions = {
  file: string;
  env: Readonly<Record<string, string>>;
  nodeFlags?: readonly string[];
  logTo: string;
};

const running = new Set<ChildProcess>();

/** Long enough for a start on a busy machine. */
const startLimitMs = 60_000;

process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts a server in a separate process, alone on its core. It logs to a file, as in a container. */
export async function startServer({ file, env, nodeFlags = [], logTo }: ServerOptions): Promise<Server> {
  interruption.throwIfAborted();
  const port = await freePort();
  const program = fileURLToPath(new URL(file, import.meta.url));
  const command = [...serverCore(), process.execPath, ...nodeFlags, program];
  const log = openSync(join(logTo, `${file.replaceAll(/\W+/g, "-")}-${port}.log`), "a");
  const child = spawn(command[0] ?? "", command.slice(1), {
    env: { PATH: process.env["PATH"], NODE_ENV: "production", PORT: String(port), ...env },
    stdio: ["ignore", log, log],
  });
  running.add(child);
  const exited = once(child, "exit").finally(() => running.delete(child));
  const stop = async () => {
    child.kill("SIGTERM");
    const killTimer = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await exited;
    clearTimeout(killTimer);
  };
  const deadline = Date.now() + startLimitMs;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`${file} did not start.`);
    }
    await sleep(5);
  }
  return { url: `http://127.0.0.1:${port}`, port, pid: child.pid ?? 0, stop };
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1" });
  const accepted = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return accepted;
}

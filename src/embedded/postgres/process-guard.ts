import { spawn } from "node:child_process";
import { constants } from "node:os";
import { endPostgresIn, forced, graceful, sendSignal } from "../processes/processes.ts";

// Runs as a separate process: node process-guard.ts COMMAND. The guard starts the command. The application holds the other
// end of the guard's standard input. When this pipe closes, the guard ends the command, so that the command does not
// outlive the application. The command inherits neither the pipe nor the process group.
export type GuardedCommand = {
  command: string;
  args: string[];
  directory: string;
  uid?: number | undefined;
  gid?: number | undefined;
};

const { command, args, directory, uid, gid }: GuardedCommand = JSON.parse(process.argv[2] ?? "");
const child = spawn(command, args, {
  stdio: ["ignore", "ignore", "inherit"],
  detached: true,
  ...(uid !== undefined && { uid }),
  ...(gid !== undefined && { gid }),
});
const pid = child.pid;
const exited = new Promise<number>((resolve) => {
  child.once("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? "SIGKILL"]));
  child.once("error", (error) => {
    process.stderr.write(`${error.message}\n`);
    resolve(127);
  });
});
void exited.then(async (code) => {
  if (isEnding) await endPostgresIn(directory, forced);
  process.exit(code);
});
if (pid !== undefined) process.stdout.write(`pid ${pid}\n`);

let isEnding = false;
async function end() {
  if (isEnding) return;
  isEnding = true;
  for (const { signal, limitMs } of graceful) {
    // initdb starts helpers in its process group
    if (pid !== undefined) sendSignal(signal === "SIGKILL" ? -pid : pid, signal);
    await new Promise((resolve) => setTimeout(resolve, limitMs));
  }
  process.exit(1);
}

process.stdin.on("end", end).on("close", end).on("error", end).resume();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);
// write errors are expected once the application has exited
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

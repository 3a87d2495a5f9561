import { spawn } from "node:child_process";
import { constants } from "node:os";
import { endPostgresIn, forced, graceful, sendSignal } from "../processes/processes.ts";

// A separate process: node process-guard.ts COMMAND. It starts the command and ends it when its standard input ends,
// so that nothing outlives the application. The command inherits neither that pipe nor the process group.
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
  if (ending) await endPostgresIn(directory, forced);
  process.exit(code);
});
if (pid !== undefined) process.stdout.write(`pid ${pid}\n`);

let ending = false;
async function end() {
  if (ending) return;
  ending = true;
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

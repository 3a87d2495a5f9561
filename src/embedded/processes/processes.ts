import { execFile } from "node:child_process";
import { readdir, readFile, readlink, realpath } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const pollIntervalMs = 25;
const psTimeoutMs = 1_000;

type SignalStep = { signal: NodeJS.Signals; limitMs: number };

/** The signals that are sent one after the other, until no process is left. `limitMs` is the wait after each signal. */
export const graceful: readonly SignalStep[] = [
  { signal: "SIGINT", limitMs: 1_500 },
  { signal: "SIGQUIT", limitMs: 400 },
  { signal: "SIGKILL", limitMs: 300 },
];
export const forced: readonly SignalStep[] = [{ signal: "SIGKILL", limitMs: 500 }];

export function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/**
 * Returns the start time of a process in kernel ticks, or an empty text if it is unknown. It distinguishes the process
 * from a later one with the same id.
 */
export async function startTimeOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

export async function isAlive(pid: number, start: string): Promise<boolean> {
  if (!sendSignal(pid, 0)) return false;
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  if (stat === "") return process.platform !== "linux";
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] !== "Z" && (start === "" || fields[19] === start);
}

/** Ends every Postgres process in this data directory, also those of other applications. Returns whether none is left. */
export async function endPostgresIn(directory: string, steps: readonly SignalStep[]): Promise<boolean> {
  let remaining = await postgresIn(directory);
  for (const { signal, limitMs } of steps) {
    for (const pid of remaining) sendSignal(pid, signal);
    const deadline = Date.now() + limitMs;
    while (remaining.length > 0 && Date.now() < deadline) {
      await sleep(pollIntervalMs);
      remaining = await postgresIn(directory);
    }
  }
  return remaining.length === 0;
}

/** Returns the ids of the Postgres processes that use this data directory. */
export async function postgresIn(directory: string): Promise<number[]> {
  const real = await realpath(directory).catch(() => directory);
  return process.platform === "linux" ? postgresByWorkingDirectory(real) : postgresByPidFile(real);
}

async function postgresByWorkingDirectory(directory: string): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const matches = await Promise.all(pids.map((pid) => isPostgresIn(pid, directory)));
  return pids.filter((_, index) => matches[index]).map(Number);
}

async function isPostgresIn(pid: string, directory: string): Promise<boolean> {
  const read = (link: string) => readlink(`/proc/${pid}/${link}`).catch(() => "");
  // a shell may have the same working directory
  return (await read("cwd")) === directory && /^postgres( \(deleted\))?$/.test(basename(await read("exe")));
}

async function postgresByPidFile(directory: string): Promise<number[]> {
  const file = await readFile(join(directory, "postmaster.pid"), "utf8").catch(() => "");
  const pid = Number.parseInt(file, 10);
  if (!(pid > 1) || !sendSignal(pid, 0)) return [];
  const options = { timeout: psTimeoutMs };
  const ps = await promisify(execFile)("ps", ["-o", "command=", "-p", `${pid}`], options).catch(() => ({ stdout: "" }));
  return ps.stdout.includes(directory) ? [pid] : [];
}

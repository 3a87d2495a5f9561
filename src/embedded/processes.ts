import { execFile } from "node:child_process";
import { readdir, readFile, readlink, realpath } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const lookEveryMs = 25;
const psLimitMs = 1_000;

type Step = { signal: NodeJS.Signals; limitMs: number };

/** Signals until nothing is left: ask, insist, force. */
export const graceful: readonly Step[] = [
  { signal: "SIGINT", limitMs: 1_500 },
  { signal: "SIGQUIT", limitMs: 400 },
  { signal: "SIGKILL", limitMs: 300 },
];
export const forced: readonly Step[] = [{ signal: "SIGKILL", limitMs: 500 }];

export function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** When a process began, as the system counts: tells it from a later one with the same id. Empty where that is unknown. */
export async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

export async function isAlive(pid: number, start: string): Promise<boolean> {
  if (!send(pid, 0)) return false;
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  if (stat === "") return process.platform !== "linux";
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] !== "Z" && (start === "" || fields[19] === start);
}

/** Ends every Postgres process that works in this data directory, whoever started it; true when none is left. */
export async function endPostgresIn(directory: string, steps: readonly Step[]): Promise<boolean> {
  let left = await postgresIn(directory);
  for (const { signal, limitMs } of steps) {
    for (const pid of left) send(pid, signal);
    const deadline = Date.now() + limitMs;
    while (left.length > 0 && Date.now() < deadline) {
      await sleep(lookEveryMs);
      left = await postgresIn(directory);
    }
  }
  return left.length === 0;
}

/** Every process of Postgres that works in this data directory. */
export async function postgresIn(directory: string): Promise<number[]> {
  const real = await realpath(directory).catch(() => directory);
  return process.platform === "linux" ? workingIn(real) : postmasterOf(real);
}

async function workingIn(directory: string): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map((pid) => isPostgresIn(pid, directory)));
  return pids.filter((_, index) => found[index]).map(Number);
}

async function isPostgresIn(pid: string, directory: string): Promise<boolean> {
  const read = (link: string) => readlink(`/proc/${pid}/${link}`).catch(() => "");
  // a shell may stand in the folder too
  return (await read("cwd")) === directory && /^postgres( \(deleted\))?$/.test(basename(await read("exe")));
}

async function postmasterOf(directory: string): Promise<number[]> {
  const file = await readFile(join(directory, "postmaster.pid"), "utf8").catch(() => "");
  const pid = Number.parseInt(file, 10);
  if (!(pid > 1) || !send(pid, 0)) return [];
  const options = { timeout: psLimitMs };
  const ps = await promisify(execFile)("ps", ["-o", "command=", "-p", `${pid}`], options).catch(() => ({ stdout: "" }));
  return ps.stdout.includes(directory) ? [pid] : [];
}

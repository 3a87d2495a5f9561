import { spawnSync } from "node:child_process";
import { cpus, release, totalmem } from "node:os";

/** Whether the measured server runs on the first core, and the load and the stores on the last one. */
const isPinnedRun = (process.env["BENCH_PINNED"] ?? "") !== "";

export const serverCore = (): readonly string[] => (isPinnedRun ? ["taskset", "-c", "0"] : []);

/** Returns the command that restarts this program, and its child processes, on the core of the load. */
export function pinnedToLoadCore(): readonly string[] | undefined {
  const last = cpus().length - 1;
  if (isPinnedRun || last < 1 || spawnSync("taskset", ["-c", `0,${last}`, "true"]).status !== 0) return undefined;
  return ["taskset", "-c", String(last), process.execPath, ...process.argv.slice(1)];
}

export function describeMachine(): string {
  const [cpu] = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const cores = cpus().length;
  return `${cpu?.model.trim() ?? "unknown"}, ${cores} cores, ${gigabytes} GB, Linux ${release()}, Node ${process.version}`;
}

export const isPinned = (): boolean => isPinnedRun;

import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";

export type MemoryCgroup = {
  /** The folder of the control group. A process that writes its id into `cgroup.procs` is limited with its children. */
  folder: string;
  /** Returns the number of processes that the kernel has killed at the limit. */
  killed(): number;
  peakBytes(): number;
};

type Version = { root: string; limit: string; peak: string; events: string };

const versions: readonly Version[] = [
  { root: "/sys/fs/cgroup", limit: "memory.max", peak: "memory.peak", events: "memory.events" },
  {
    root: "/sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    peak: "memory.max_usage_in_bytes",
    events: "memory.oom_control",
  },
];

/**
 * Creates a memory limit of the kernel, as for a container, with version 1 or 2 of cgroups. Returns undefined if this
 * process may not create one.
 */
export function createMemoryCgroup(bytes: number): MemoryCgroup | undefined {
  for (const { root, limit, peak, events } of versions) {
    const folder = `${root}/haven-test-${process.pid}`;
    try {
      mkdirSync(folder);
    } catch {
      continue;
    }
    if (!existsSync(`${folder}/${limit}`)) {
      rmdirSync(folder);
      continue;
    }
    atEnd(() => eventually(() => tryRemove(folder), Boolean, 10_000));
    writeFileSync(`${folder}/${limit}`, String(bytes));
    // Swap would hide that the limit is too low.
    const swap = `${folder}/memory.swap.max`;
    if (existsSync(swap)) writeFileSync(swap, "0");
    return {
      folder,
      killed: () => Number(/^oom_kill (\d+)$/m.exec(readFileSync(`${folder}/${events}`, "utf8"))?.[1] ?? 0),
      peakBytes: () => Number(readFileSync(`${folder}/${peak}`, "utf8")),
    };
  }
  return undefined;
}

/** Removes the group. Returns false while a process is still in it. */
function tryRemove(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return !existsSync(folder);
  }
}

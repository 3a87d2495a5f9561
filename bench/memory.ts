import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { collectGarbage, evaluate, type Inspected } from "./inspector.ts";

/** Memory that a process holds, as the kernel counts it. */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

/** The wait until V8 has returned freed pages to the kernel. It keeps them for a while for reuse. */
const freedPagesWaitMs = 10_000;

/** Returns the memory of a server after a garbage collection: its resident memory without the free part of the heap. */
export async function heldBytes(where: Inspected, waitMs = freedPagesWaitMs): Promise<number> {
  await collectGarbage(where);
  await sleep(waitMs);
  const { rss, heapTotal, heapUsed } = JSON.parse(
    String(await evaluate(where, "JSON.stringify(process.memoryUsage())")),
  );
  return rss - heapTotal + heapUsed;
}

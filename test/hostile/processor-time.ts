import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Returns the processor time of the main thread of a process, in milliseconds. */
export function processorMs(pid: number): number {
  const [nanoseconds = "0"] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "utf8").split(" ");
  return Number(nanoseconds) / 1e6;
}

const quietMs = 0.3;
const stepMs = 3;
const maxSteps = 400;

/** Waits until the thread is idle, because work after the response is also a cost of the request. */
export async function settledProcessorMs(pid: number): Promise<number> {
  let before = processorMs(pid);
  for (let step = 0; step < maxSteps; step += 1) {
    await sleep(stepMs);
    const now = processorMs(pid);
    if (now - before < quietMs) return now;
    before = now;
  }
  return before;
}

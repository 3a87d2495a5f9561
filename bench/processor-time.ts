import { readFileSync } from "node:fs";

const msPerTick = 10;

/** Returns the processor time that a process has used since its start, in ms; 0 if it has ended. */
export function processorMs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * msPerTick;
  } catch {
    return 0;
  }
}

import { globSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runProgram } from "../../../test/shared/run-program.ts";
import { limitCpu } from "../testbed/cpu-quota.ts";
import { type Fault, storeBounds } from "./fault.ts";

const affectedInstance = "api-server-2";
const { falseReadyWithinMs } = storeBounds;
const clockFile = join(tmpdir(), "clock-of-one-instance");
/** Returns the path of the library, whose folder depends on the processor architecture. */
const library = () => globSync("/usr/lib/*/faketime/libfaketimeMT.so.1")[0] ?? "";
/** libfaketime re-reads its file at this interval. */
const clockReadMs = 1000;

async function limitFiles(pid: number, soft: string): Promise<void> {
  const { code, output } = await runProgram("prlimit", ["--pid", String(pid), `--nofile=${soft}:`]);
  if (code !== 0) throw new Error(output);
}

const hardLimitOfFiles = (pid: number): string =>
  /^Max open files +\S+ +(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, "utf8"))?.[1] ?? "1024";

export const clockFault: Fault = {
  name: "clock-jump",
  title: "Clock of one instance jumps by an hour",
  description: "The wall clock of one instance jumps an hour ahead, and back again; its monotonic clock does not.",
  programs: [{ command: "faketime", package: "faketime" }],
  holdMs: 10_000,
  async prepare({ fleet, waitUntilHealthy }) {
    writeFileSync(clockFile, "+0");
    await fleet.member(affectedInstance).restart({
      LD_PRELOAD: library(),
      FAKETIME_TIMESTAMP_FILE: clockFile,
      FAKETIME_CACHE_DURATION: String(clockReadMs / 1000),
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    });
    await waitUntilHealthy();
    // Every probe has to observe the instance as ready before the fault.
    await sleep(500);
  },
  inject: async () => writeFileSync(clockFile, "+1h"),
  undo: async () => writeFileSync(clockFile, "+0"),
  replacesProcesses: true,
  bounds: { noRequestFails: true, falseReadyWithinMs },
  alsoOnPeer: true,
};

export const environmentFaults: readonly Fault[] = [
  {
    name: "cpu-quota",
    title: "One instance gets a tenth of a processor",
    description: "A quota of the kernel lets one instance run for 10 ms of every 100 ms.",
    holdMs: 15_000,
    inject: async ({ fleet }) => limitCpu(fleet.member(affectedInstance).process().pid, 0.1),
    undo: async ({ fleet }) => limitCpu(fleet.member(affectedInstance).process().pid, undefined),
    bounds: { noRequestFails: true, falseReadyWithinMs },
    alsoOnPeer: true,
  },
  {
    name: "file-descriptors",
    title: "File descriptors of one instance used up",
    description: "One instance can open neither a connection nor a file; what is open stays open.",
    holdMs: 10_000,
    inject({ fleet }) {
      const { pid } = fleet.member(affectedInstance).process();
      return limitFiles(pid, String(readdirSync(`/proc/${pid}/fd`).length));
    },
    undo({ fleet }) {
      const { pid } = fleet.member(affectedInstance).process();
      return limitFiles(pid, hardLimitOfFiles(pid));
    },
    bounds: { noRequestFails: true, falseReadyWithinMs },
    alsoOnPeer: true,
  },
];

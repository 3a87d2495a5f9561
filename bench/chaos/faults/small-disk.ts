import { rmSync } from "node:fs";
import { runProgram } from "../../../test/shared/run-program.ts";
import type { SmallDisk } from "../topologies/small-disk.ts";
import { breakerMs, type Fault, storeBounds } from "./fault.ts";

export const smallDiskFaults: readonly Fault<SmallDisk>[] = [
  {
    name: "postgres-disk-full",
    title: "Disk of Postgres full",
    description: "Another file takes the last free byte of the disk. Reads are answered, most writes get error 53100.",
    holdMs: 10_000,
    inject: ({ ballast }) => runProgram("dd", ["if=/dev/zero", `of=${ballast}`, "bs=64k"]),
    undo: async ({ ballast }) => rmSync(ballast),
    bounds: { ...storeBounds, readsFailForMs: breakerMs },
    alsoOnPeer: true,
  },
];

import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { cleanUp } from "../../shared/at-end.ts";
import { isEdgeTest } from "./network-namespace.ts";
import { timeLimitMs } from "./time-limit.ts";

// Loaded before each test file. After the tests, the cleanups run, and a socket, server, timer or child process that is still
// open fails the file.

const leakKinds = new Set([
  "TCPSocketWrap",
  "TCPServerWrap",
  "TCPWRAP",
  "Timeout",
  "Immediate",
  "ProcessWrap",
  "ChildProcess",
]);

if (process.env["NODE_TEST_CONTEXT"] !== undefined) {
  after(async () => {
    // Node 26 sometimes loops forever in its own cleanup after the last event; exiting here avoids that.
    process.once("exit", () => process.exit());
    await cleanUp();
    // After `end`, a socket takes a moment to close.
    for (let tries = 0; tries < 40 && leftovers().length > 0; tries += 1) await sleep(50, undefined, { ref: false });
    const open = leftovers();
    if (open.length > 0) throw new Error(`Still open after the tests: ${open.join(", ")}`);
  });
}

const file = process.argv[1] ?? "";

/** A hanging file is ended, with a list of its open handles, so that the run can continue. */
setTimeout(
  () => {
    process.stderr.write(`${file} did not end; still open: ${process.getActiveResourcesInfo().join(", ")}\n`);
    process.exit(1);
  },
  timeLimitMs({ edge: isEdgeTest(file), serial: file.endsWith(".serial.test.ts") }),
).unref();

const leftovers = (): string[] => process.getActiveResourcesInfo().filter((kind) => leakKinds.has(kind));

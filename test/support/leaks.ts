import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { cleanUp } from "../shared/at-end.ts";
import { isEdgeTest } from "./network-namespace.ts";
import { timeLimitMs } from "./time-limit.ts";

// Loaded before each test file: cleans up after it, and fails it when it leaves a socket, a server, a timer or a child.

const suspicious = new Set([
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
    // Node 26 now and then spins for ever in its own clean-up after the last event; leaving from here skips that.
    process.once("exit", () => process.exit());
    await cleanUp();
    // Sockets need a moment to close after their `end`.
    for (let tries = 0; tries < 40 && leftovers().length > 0; tries += 1) await sleep(50, undefined, { ref: false });
    const left = leftovers();
    if (left.length > 0) throw new Error(`Left behind: ${left.join(", ")}`);
  });
}

/** A file that hangs is ended with what it hangs on, and does not take the whole run with it. */
setTimeout(
  () => {
    process.stderr.write(
      `${process.argv[1]} did not end; still open: ${process.getActiveResourcesInfo().join(", ")}\n`,
    );
    process.exit(1);
  },
  timeLimitMs({ edge: isEdgeTest(process.argv[1] ?? "") }),
).unref();

const leftovers = (): string[] => process.getActiveResourcesInfo().filter((kind) => suspicious.has(kind));

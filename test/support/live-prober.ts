import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../shared/requests/http.ts";
import { startStopwatch } from "../shared/stopwatch.ts";

// Polls /alive from a separate process, which no other client delays, and reports the slowest response.

const [, , url = "", ...serverPids] = process.argv;
let slowestMs = 0;
/** Counted for a response other than 200. */
const failedMs = 60_000;
process.once("disconnect", () => process.exit());
process.once("message", () => process.send?.(slowestMs, () => process.exit()));
await ask(`${url}/alive`);
process.send?.("ready");
for (;;) {
  const elapsedMs = startStopwatch(...serverPids.map(Number));
  const { status } = await ask(`${url}/alive`);
  slowestMs = Math.max(slowestMs, status === 200 ? elapsedMs() : failedMs);
  await sleep(10);
}

import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../shared/requests/http.ts";
import { startStopwatch } from "../shared/stopwatch.ts";

// Polls /alive from a separate process, which no other client delays, and reports the slowest response.

const [, , url = "", ...serverPids] = process.argv;
let worst = 0;
process.once("disconnect", () => process.exit());
process.once("message", () => process.send?.(worst, () => process.exit()));
await ask(`${url}/alive`);
process.send?.("ready");
for (;;) {
  const elapsedMs = startStopwatch(...serverPids.map(Number));
  const { status } = await ask(`${url}/alive`);
  worst = Math.max(worst, status === 200 ? elapsedMs() : 60_000);
  await sleep(10);
}

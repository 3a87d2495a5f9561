import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../shared/requests/http.ts";

// Asks live all the time from a process of its own, where no other client is in its way, and tells the worst answer.

const [, , url = ""] = process.argv;
let worst = 0;
process.once("disconnect", () => process.exit());
process.once("message", () => process.send?.(worst, () => process.exit()));
await ask(`${url}/alive`);
process.send?.("ready");
for (;;) {
  const { status, ms } = await ask(`${url}/alive`);
  worst = Math.max(worst, status === 200 ? ms : 60_000);
  await sleep(10);
}

import { before } from "node:test";
import { patienceCases, streaming } from "./support/patience-cases.ts";
import { startHaproxy } from "./support/proxies.ts";
import { type StandIns, startStandIns } from "./support/stand-ins.ts";

let backends: StandIns;
before(async () => {
  backends = await startStandIns();
  streaming(backends);
  await startHaproxy();
});

patienceCases(() => backends);

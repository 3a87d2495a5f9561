import { before } from "node:test";
import { type StandIns, startStandIns } from "./support/fake-upstreams.ts";
import { patienceCases, streaming } from "./support/patience-cases.ts";
import { startNginx } from "./support/proxies.ts";

let backends: StandIns;
before(async () => {
  backends = await startStandIns();
  streaming(backends);
  await startNginx();
});

patienceCases(() => backends);

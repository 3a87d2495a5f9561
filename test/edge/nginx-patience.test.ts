import { before } from "node:test";
import { startNginx } from "../shared/servers/proxies.ts";
import { type StandIns, startStandIns } from "./support/fake-upstreams.ts";
import { patienceCases, streaming } from "./support/patience-cases.ts";

let backends: StandIns;
before(async () => {
  backends = await startStandIns();
  streaming(backends);
  await startNginx();
});

patienceCases(() => backends);

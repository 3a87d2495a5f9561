import { before } from "node:test";
import { outageCases } from "./support/failure-cases.ts";
import { type Fleet, startEngines, startFleet } from "./support/fleet.ts";
import { type RunningProxy, startNginx } from "./support/proxies.ts";

let fleet: Fleet;
let proxy: RunningProxy;
before(async () => {
  await startEngines();
  fleet = await startFleet();
  proxy = await startNginx();
});

outageCases(() => ({ proxy, fleet, frozenBoundMs: 21_000 }));

import { before } from "node:test";
import { outageCases } from "./support/failure-cases.ts";
import { type Fleet, startEngines, startFleet } from "./support/fleet.ts";
import { type RunningProxy, startHaproxy } from "./support/proxies.ts";

let fleet: Fleet;
let proxy: RunningProxy;
before(async () => {
  await startEngines();
  fleet = await startFleet();
  proxy = await startHaproxy();
});

outageCases(() => ({ proxy, fleet, frozenBoundMs: 6500, databaseBoundMs: 9000 }));

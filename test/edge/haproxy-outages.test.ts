import { before } from "node:test";
import { type Fleet, startEngines, startFleet } from "../shared/servers/fleet.ts";
import { type RunningProxy, startHaproxy } from "../shared/servers/proxies.ts";
import { outageCases } from "./support/failure-cases.ts";

let fleet: Fleet;
let proxy: RunningProxy;
before(async () => {
  await startEngines();
  fleet = await startFleet();
  proxy = await startHaproxy();
});

outageCases(() => ({ proxy, fleet, frozenBoundMs: 6500, databaseBoundMs: 9000 }));

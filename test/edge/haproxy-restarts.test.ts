import { before } from "node:test";
import { drainTimes, restartCases } from "./support/failure-cases.ts";
import { type Fleet, startEngines, startFleet } from "./support/fleet.ts";
import { type RunningProxy, startHaproxy } from "./support/proxies.ts";

let fleet: Fleet;
let proxy: RunningProxy;
before(async () => {
  await startEngines();
  fleet = await startFleet({ env: drainTimes });
  proxy = await startHaproxy();
});

restartCases(() => ({ proxy, fleet, frozenBoundMs: 6500, databaseBoundMs: 9000 }));

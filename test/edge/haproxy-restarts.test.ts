import { before } from "node:test";
import { type Fleet, startEngines, startFleet } from "../shared/servers/fleet.ts";
import { type RunningProxy, startHaproxy } from "../shared/servers/proxies.ts";
import { drainTimes, restartCases } from "./support/failure-cases.ts";

let fleet: Fleet;
let proxy: RunningProxy;
before(async () => {
  await startEngines();
  fleet = await startFleet({ env: drainTimes });
  proxy = await startHaproxy();
});

restartCases(() => ({ proxy, fleet, frozenBoundMs: 6500, databaseBoundMs: 9000 }));

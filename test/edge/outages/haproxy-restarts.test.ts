import { before } from "node:test";
import { type Fleet, startEngines, startFleet } from "../../shared/servers/fleet.ts";
import { haproxyDetection } from "../../shared/servers/haproxy-detection.ts";
import { type RunningProxy, startHaproxy } from "../../shared/servers/proxies.ts";
import { drainTimes, restartCases } from "../cases/failure-cases.ts";

let fleet: Fleet;
let proxy: RunningProxy;
before(async () => {
  await startEngines();
  fleet = await startFleet({ env: drainTimes });
  proxy = await startHaproxy();
});

restartCases(() => {
  const { frozenMs, lostDatabaseMs } = haproxyDetection();
  return { proxy, fleet, frozenBoundMs: frozenMs, databaseBoundMs: lostDatabaseMs };
});

import { before } from "node:test";
import { type Fleet, startEngines, startFleet } from "../../shared/servers/fleet.ts";
import { nginxIsAtLeast, type RunningProxy, startNginx } from "../../shared/servers/proxies.ts";
import { drainTimes, restartCases } from "../cases/failure-cases.ts";
import { frozenBoundOfNginxMs } from "../support/proxy-figures.ts";

let fleet: Fleet;
let proxy: RunningProxy;
let closesIdleAtReload = true;
before(async () => {
  await startEngines();
  fleet = await startFleet({ env: drainTimes });
  closesIdleAtReload = !(await nginxIsAtLeast("1.27.4"));
  proxy = await startNginx({ variants: closesIdleAtReload ? [] : ["keepalive-from-1.27.4.conf"] });
});

restartCases(() => ({ proxy, fleet, frozenBoundMs: frozenBoundOfNginxMs(), closesIdleAtReload }));

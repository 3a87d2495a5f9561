import { before } from "node:test";
import { type Fleet, startEngines, startFleet } from "../../shared/servers/fleet.ts";
import { type RunningProxy, startNginx } from "../../shared/servers/proxies.ts";
import { outageCases } from "../cases/failure-cases.ts";
import { frozenBoundOfNginxMs } from "../support/proxy-figures.ts";

let fleet: Fleet;
let proxy: RunningProxy;
before(async () => {
  await startEngines();
  fleet = await startFleet();
  proxy = await startNginx();
});

// NGINX has no health checks. It detects a failed instance only by failed requests.
outageCases(() => ({ proxy, fleet, frozenBoundMs: frozenBoundOfNginxMs(), maxTrialsOfFrozen: 2 }));

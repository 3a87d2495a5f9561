import { before } from "node:test";
import { type Fleet, startEngines, startFleet } from "../shared/servers/fleet.ts";
import { type RunningProxy, startNginx } from "../shared/servers/proxies.ts";
import { outageCases } from "./support/failure-cases.ts";
import { frozenBoundOfNginxMs } from "./support/proxy-figures.ts";

let fleet: Fleet;
let proxy: RunningProxy;
before(async () => {
  await startEngines();
  fleet = await startFleet();
  proxy = await startNginx();
});

// NGINX has no health checks: it learns only from requests whether an instance still responds.
outageCases(() => ({ proxy, fleet, frozenBoundMs: frozenBoundOfNginxMs(), trialsOfFrozen: 2 }));

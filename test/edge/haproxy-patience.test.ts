import { before } from "node:test";
import { startHaproxy } from "../shared/servers/proxies.ts";
import { type FakeUpstreams, startFakeUpstreams } from "./support/fake-upstreams.ts";
import { slowCases, streaming } from "./support/slow-cases.ts";

let backends: FakeUpstreams;
before(async () => {
  backends = await startFakeUpstreams();
  streaming(backends);
  await startHaproxy();
});

slowCases(() => backends);

import { before } from "node:test";
import { startHaproxy } from "../shared/servers/proxies.ts";
import { slowCases, startStreaming } from "./cases/slow-cases.ts";
import { type FakeUpstreams, startFakeUpstreams } from "./support/fake-upstreams.ts";

let backends: FakeUpstreams;
before(async () => {
  backends = await startFakeUpstreams();
  startStreaming(backends);
  await startHaproxy();
});

slowCases(() => backends);

import assert from "node:assert/strict";
import { Agent } from "node:http";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../shared/requests/http.ts";
import { startHavenProcess } from "../shared/servers/haven-process.ts";

test("an idle server that is suddenly saturated rejects API requests within 2 s and never rejects probes, and recovers within 5 s", async () => {
  const haven = await startHavenProcess();
  await sleep(3000);

  let isFlooding = true;
  let firstShedAt = 0;
  const probes: { status: number; ms: number }[] = [];
  const shed: { status: number; retryAfter: string | undefined; ms: number }[] = [];
  const floodedAt = performance.now();
  const flood = Array.from({ length: 20 }, async () => {
    while (isFlooding) {
      const answer = await ask(`${haven.url}/test/spin/80`);
      if (answer.status === 503) {
        firstShedAt ||= performance.now();
        shed.push({ status: answer.status, retryAfter: answer.headers["retry-after"], ms: answer.ms });
        assert.partialDeepStrictEqual(answer.json(), { code: "overloaded" });
        await sleep(50);
      }
    }
  });
  const probing = (async () => {
    while (isFlooding) {
      const { status, ms } = await ask(`${haven.url}/alive`);
      probes.push({ status, ms });
      assert.equal((await ask(`${haven.url}/metrics`)).status, 200);
      await sleep(50);
    }
  })();
  await sleep(4000);
  isFlooding = false;
  await Promise.all([...flood, probing]);
  const calmAt = performance.now();

  assert.ok(firstShedAt > 0, "nothing was shed");
  assert.ok(firstShedAt - floodedAt < 2000, `first shed after ${firstShedAt - floodedAt} ms`);
  assert.ok(shed.every(({ retryAfter }) => retryAfter !== undefined));
  assert.ok(probes.length >= 2 && probes.every(({ status }) => status === 200));

  // The server has recovered when it serves twenty requests in a row.
  for (let served = 0; served < 20; ) {
    served = (await ask(`${haven.url}/api`)).status === 200 ? served + 1 : 0;
    assert.ok(performance.now() - calmAt < 5000, "not recovered within 5 s");
    await sleep(20);
  }
});

test("of more requests than the server can serve, some are refused, and those that are served are served in time", async () => {
  const haven = await startHavenProcess();
  const spinMs = 5;
  const durationMs = 4000;
  const served: number[] = [];
  const refused: (string | undefined)[] = [];
  const agent = new Agent({ keepAlive: true });
  // Node accepts one connection in each iteration of the event loop, so they are opened before.
  const clientCount = 200;
  await Promise.all(Array.from({ length: clientCount }, () => ask(`${haven.url}/alive`, { agent })));
  const until = performance.now() + durationMs;
  // Each client waits for its answer. Without refusals each would wait until all others are served.
  const clients = Array.from({ length: clientCount }, async () => {
    while (performance.now() < until) {
      const { status, ms, headers } = await ask(`${haven.url}/test/spin/${spinMs}`, { agent });
      if (status === 200) served.push(ms);
      else if (status === 503) refused.push(headers["retry-after"]);
    }
  });
  await Promise.all(clients);
  agent.destroy();

  const probe = await ask(`${haven.url}/metrics`);
  assert.ok(refused.length > 20, `${refused.length} refused`);
  assert.ok(refused.every((seconds) => Number(seconds) >= 1));
  served.sort((a, b) => a - b);
  const p95 = served[Math.floor(served.length * 0.95)] ?? 0;
  const withoutRefusalsMs = (clientCount * durationMs) / served.length;
  assert.ok(p95 < 0.7 * withoutRefusalsMs, `95 % of ${served.length} served requests took ${p95} ms or less`);
  const shed = /^http_requests_shed_total(?:\{.*\})? (\d+)$/m.exec(probe.text)?.[1];
  assert.ok(Number(shed) >= refused.length, `${shed} counted`);
});

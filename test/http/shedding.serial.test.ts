import assert from "node:assert/strict";
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
  assert.ok(probes.length > 5 && probes.every(({ status }) => status === 200));

  // The server has recovered when it serves twenty requests in a row.
  for (let served = 0; served < 20; ) {
    served = (await ask(`${haven.url}/api`)).status === 200 ? served + 1 : 0;
    assert.ok(performance.now() - calmAt < 5000, "not recovered within 5 s");
    await sleep(20);
  }
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startFaultProxy } from "../../shared/servers/fault-proxy.ts";
import { startHavenProcess } from "../../shared/servers/haven-process.ts";
import { freshDatabase } from "../../shared/servers/stores/database.ts";

const windowMs = 10_000;
const probers = 20;
const probeIntervalMs = 20;

test("1,000 /ready requests a second for ten seconds cause no more checks than ten idle seconds", async () => {
  const [quiet, busy] = [await startWatched(), await startWatched()];
  let answered = 0;
  const probing = () => Promise.all(Array.from({ length: probers }, () => probe(busy.url, () => (answered += 1))));
  const [idleChecks, busyChecks] = await Promise.all([
    quiet.checksDuring(() => sleep(windowMs + 100)),
    busy.checksDuring(probing),
  ]);
  // On a busy machine the clients may send fewer than 1,000 requests a second.
  assert.ok(answered > 5000, `${answered} probes were answered`);
  assert.ok(idleChecks > 15, `${idleChecks} checks in the idle time`);
  assert.ok(busyChecks <= idleChecks + 2, `${busyChecks} checks under probes, ${idleChecks} idle`);
});

/** Sends fifty probes a second, one after the other, on one connection. */
async function probe(url: string, onAnswer: () => void): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const until = performance.now() + windowMs;
  for (let next = performance.now(); next < until; next = Math.max(next + probeIntervalMs, performance.now())) {
    const [response] = await once(get(`${url}/ready`, { agent }), "response");
    response.resume();
    await once(response, "end");
    if (response.statusCode === 200) onAnswer();
    await sleep(Math.max(0, next + probeIntervalMs - performance.now()));
  }
  agent.destroy();
}

/** Starts a server whose checks of Postgres are counted by a proxy. */
async function startWatched() {
  const proxy = await startFaultProxy(await freshDatabase());
  const haven = await startHavenProcess({ env: { DATABASE_URL: proxy.url, HEALTH_CHECK_INTERVAL: "500" } });
  return {
    url: haven.url,
    async checksDuring(work: () => Promise<unknown>): Promise<number> {
      const before = proxy.sent().length;
      await work();
      return (
        proxy
          .sent()
          .slice(before)
          .match(/SELECT 1/g)?.length ?? 0
      );
    },
  };
}

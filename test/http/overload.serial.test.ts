import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../shared/requests/http.ts";
import { startHavenProcess } from "../shared/servers/haven-process.ts";

const workMs = 30;
const seconds = 3;

type Result = { status: number; ms: number; retryAfter: number };

async function send(url: string, agent: Agent): Promise<Result> {
  const sentAt = performance.now();
  const sent = request(url, { agent }).end();
  const [response] = await once(sent, "response");
  response.resume();
  await once(response, "end");
  const retryAfter = Number(response.headers["retry-after"] ?? 0);
  return { status: response.statusCode, ms: performance.now() - sentAt, retryAfter };
}

/** Sends requests at a constant rate, whether or not earlier ones are answered. */
async function offer(url: string, perSecond: number): Promise<Result[]> {
  const agent = new Agent({ keepAlive: true });
  const sent: Promise<Result>[] = [];
  const startedAt = performance.now();
  for (let elapsedMs = 0; elapsedMs < seconds * 1000; elapsedMs = performance.now() - startedAt) {
    while (sent.length < (elapsedMs / 1000) * perSecond) sent.push(send(url, agent));
    await sleep(5);
  }
  const results = await Promise.all(sent);
  agent.destroy();
  return results;
}

function summarize(results: readonly Result[]) {
  const served = results.filter(({ status }) => status === 200).map(({ ms }) => ms);
  served.sort((a, b) => a - b);
  return { perSecond: served.length / seconds, p99Ms: served[Math.floor(served.length * 0.99)] ?? 0 };
}

test("an overloaded server keeps its goodput, serves in time what it serves, and recovers", async () => {
  const haven = await startHavenProcess();
  const url = `${haven.url}/test/spin/${workMs}`;
  // Two clients keep the server busy without a queue.
  const measureCapacity = async () => {
    const agent = new Agent({ keepAlive: true });
    const endAt = performance.now() + seconds * 1000;
    const client = async () => {
      const results: Result[] = [];
      while (performance.now() < endAt) results.push(await send(url, agent));
      return results;
    };
    const results = (await Promise.all([client(), client()])).flat();
    agent.destroy();
    assert.ok(results.every(({ status }) => status === 200));
    return summarize(results);
  };

  for (const factor of [2, 5, 10]) {
    // The rest of the machine may take the processor from one of two measurements, so the best ratio counts.
    let best = { goodput: 0, p99Ms: Number.POSITIVE_INFINITY, boundMs: 0 };
    for (let attempt = 0; attempt < 4 && (best.goodput < 0.9 || best.p99Ms > best.boundMs); attempt += 1) {
      const capacity = await measureCapacity();
      const offered = await offer(url, capacity.perSecond * factor);
      const { perSecond, p99Ms } = summarize(offered);
      best = { goodput: perSecond / capacity.perSecond, p99Ms, boundMs: Math.max(500, capacity.p99Ms * 5) };

      const statuses = new Set(offered.map(({ status }) => status));
      assert.deepEqual([...statuses].sort(), [200, 503]);
      const waits = offered.filter(({ status }) => status === 503).map(({ retryAfter }) => retryAfter);
      assert.ok(waits.every((wait) => wait >= 1 && wait <= 10));
      const calmAt = performance.now();
      for (let served = 0; served < 10; ) {
        served = (await ask(url)).status === 200 ? served + 1 : 0;
        assert.ok(performance.now() - calmAt < 5000, "not recovered within 5 s");
      }
    }
    assert.ok(
      best.goodput >= 0.9,
      `goodput at ${factor} times the capacity: ${best.goodput.toFixed(2)} of the capacity`,
    );
    assert.ok(best.p99Ms <= best.boundMs, `p99 at ${factor} times the capacity: ${best.p99Ms} of ${best.boundMs} ms`);
  }
});

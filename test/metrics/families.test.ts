import assert from "node:assert/strict";
import { test } from "node:test";
import { type ExpositionFormat, expose, type Family } from "../../src/core/metrics/exposition.ts";
import { addMemoryMetrics } from "../../src/kit/metrics/memory.ts";
import { eventually } from "../shared/eventually.ts";
import { ask } from "../shared/requests/http.ts";
import { me, register } from "../shared/requests/people.ts";
import { startFaultyHaven } from "../support/faulty-haven.ts";
import { startHaven } from "../support/haven.ts";

test("the metrics that alerts compare with limits exist: pool size, heap size, connections, calls", async () => {
  const haven = await startHaven({ env: { DB_POOL_MAX: "7", OVERLOAD_DELAY_MS: "0" } });
  await me(haven.url, await register(haven.url));
  const { text } = await ask(`${haven.url}/metrics`);
  // Two of the seven are pipelined.
  assert.match(text, /^pg_pool_connections_max 5$/m);
  assert.match(text, /^pg_pool_connections\{state="pipelined"\} [12]$/m);
  assert.match(text, /^http_connections_open [1-9]\d*$/m);
  assert.match(text, /^nodejs_heap_size_limit_bytes [1-9]\d{7,}$/m);
  for (const name of ["postgres", "redis"]) {
    assert.match(text, new RegExp(`^dependency_call_duration_seconds_count\\{name="${name}"\\} [1-9]`, "m"), name);
  }
});

test("the sent bytes of closed connections are still counted", async () => {
  const haven = await startHaven();
  const sent = async () => {
    const { text } = await ask(`${haven.url}/metrics`);
    return Number(/^http_network_bytes_total\{direction="sent"\} (\d+)$/m.exec(text)?.[1]);
  };
  const before = await sent();
  const { text } = await ask(`${haven.url}/metrics`);
  const after = await sent();
  assert.ok(after >= before + text.length, `${before} and ${text.length} gave ${after}`);
});

test("consecutive failures of a check are counted, and calls that a breaker rejects do not count as calls", async () => {
  const haven = await startFaultyHaven({ env: { OVERLOAD_DELAY_MS: "0" } });
  const { accessToken } = await register(haven.url);
  await haven.redis.set("refuse");
  const consecutiveFailures = async () => {
    const { text } = await ask(`${haven.url}/metrics`);
    return Number(/^health_check_consecutive_failures\{check="redis"\} (\d+)$/m.exec(text)?.[1]);
  };
  await eventually(consecutiveFailures, (count) => count >= 3);
  const calls = async () => {
    const { text } = await ask(`${haven.url}/metrics`);
    return /^dependency_call_duration_seconds_count\{name="redis"\} (\d+)$/m.exec(text)?.[1];
  };
  const before = await calls();
  for (let index = 0; index < 3; index += 1) await me(haven.url, { accessToken });
  assert.equal(await calls(), before);
  await haven.redis.set("pass");
  await eventually(consecutiveFailures, (count) => count === 0);
});

test("the memory limit is exposed only if there is one", () => {
  const bodyOf = (limitBytes: number | null, format: ExpositionFormat = "prometheus") => {
    const families: Family[] = [];
    addMemoryMetrics({ add: (...more) => void families.push(...more) }, () => ({ heapLimitBytes: 5, limitBytes }));
    return expose(families, format).body;
  };
  assert.match(bodyOf(1024), /^process_memory_limit_bytes 1024$/m);
  assert.doesNotMatch(bodyOf(null), /^process_memory_limit_bytes /m);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../shared/eventually.ts";
import { ask } from "../../shared/requests/http.ts";
import { startStopwatch } from "../../shared/stopwatch.ts";
import { intervalMs, startFaultyHaven, timeoutMs } from "../../support/faulty-haven.ts";

type Breaker = {
  name: string;
  state: string;
  since: string;
  nextAttemptAt: string | null;
  stats: Record<string, number>;
};

const breakerOf = async (url: string, name: string): Promise<Breaker> => {
  const { circuitBreakers } = (await ask(`${url}/api/v1/circuit-breakers`)).json() as { circuitBreakers: Breaker[] };
  const breaker = circuitBreakers.find((one) => one.name === name);
  if (breaker === undefined) throw new Error(`no breaker ${name}`);
  return breaker;
};

test("with an open breaker, a request that needs Postgres gets 503 within 50 ms with Retry-After, and other requests are served", async () => {
  const haven = await startFaultyHaven();
  assert.equal((await breakerOf(haven.url, "postgres")).state, "closed");
  await haven.postgres.set("hole");
  await haven.until("postgres", "down", 3000);
  const open = await breakerOf(haven.url, "postgres");
  assert.notEqual(open.state, "closed");
  for (let i = 0; i < 5; i += 1) {
    const answer = await ask(`${haven.url}/test/sql/1`);
    assert.equal(answer.status, 503);
    assert.equal(answer.headers["content-type"], "application/problem+json");
    assert.ok(Number(answer.headers["retry-after"]) >= 1);
    assert.ok(answer.ms < 50, `${answer.ms} ms`);
  }
  assert.equal((await ask(`${haven.url}/test/redis`)).status, 200);
  assert.match((await ask(`${haven.url}/metrics`)).text, /circuit_breaker_state\{name="postgres"\} [12]/);
});

test("failing requests are answered within their time limit, and open the breaker before the next health check", async () => {
  const haven = await startFaultyHaven({ env: { HEALTH_CHECK_INTERVAL: "60000" } });
  assert.equal((await ask(`${haven.url}/test/redis`)).status, 200);
  await haven.redis.set("hole");
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask(`${haven.url}/test/redis`)));
  assert.ok(
    answers.every(({ status, ms }) => status === 503 && ms < 500),
    JSON.stringify(answers.map(({ status, ms }) => [status, ms])),
  );
  assert.equal((await breakerOf(haven.url, "redis")).state, "open");
});

test("requests succeed within two check intervals after a dependency has recovered", async () => {
  const haven = await startFaultyHaven();
  for (const dependency of ["postgres", "redis"] as const) {
    const path = dependency === "postgres" ? "/test/sql/1" : "/test/redis";
    await haven[dependency].set("refuse");
    await haven.until(dependency, "down", 3000);
    await haven[dependency].set("pass");
    const elapsedMs = startStopwatch();
    await eventually(
      () => ask(haven.url + path),
      ({ status }) => status === 200,
      5000,
      10,
    );
    const recoveryMs = elapsedMs();
    assert.ok(recoveryMs < 2 * intervalMs + timeoutMs, `${dependency} after ${recoveryMs} ms`);
    await haven.until(dependency, "up", 3000);
  }
});

test("failed statements, disconnected clients and a full pool leave the breaker closed", async () => {
  const haven = await startFaultyHaven({ env: { DB_POOL_MAX: "2" } });
  const abandoned = Array.from({ length: 10 }, () =>
    ask(`${haven.url}/test/sql/400`, { timeoutMs: 50 }).catch(() => "gone"),
  );
  await Promise.all(abandoned);
  const answers = await Promise.all(Array.from({ length: 30 }, () => ask(`${haven.url}/test/sql/400`)));
  assert.ok(answers.some(({ status }) => status === 503));
  const tooSlow = await Promise.all(Array.from({ length: 2 }, () => ask(`${haven.url}/test/sql/5000`)));
  assert.ok(tooSlow.every(({ status }) => status === 503));
  const breaker = await breakerOf(haven.url, "postgres");
  assert.deepEqual([breaker.state, breaker.stats["opened"]], ["closed", 0]);
});

test("the history and the log hold one entry each for the opening and the closing of a breaker, and none for trials", async () => {
  const haven = await startFaultyHaven();
  await haven.redis.set("refuse");
  await haven.until("redis", "down", 3000);
  await sleep(intervalMs);
  await haven.redis.set("pass");
  await haven.until("redis", "up", 3000);
  const { history } = (await ask(`${haven.url}/health/detailed`)).json() as {
    history: { kind: string; name: string; to: string; reason: string | null }[];
  };
  const redis = history.filter(({ name }) => name === "redis").map(({ kind, to }) => `${kind} ${to}`);
  assert.deepEqual(redis, ["check up", "check down", "breaker open", "check up", "breaker closed"]);
  const { stats } = await breakerOf(haven.url, "redis");
  assert.ok((stats["half_opened"] ?? 0) >= 2, "each trial is counted in half_opened");
  assert.equal(history.find(({ kind, to }) => kind === "check" && to === "down")?.reason, "refused");
  const logged = haven.logs.filter(({ msg }) => msg === "redis went from up to down (refused)");
  assert.equal(logged.length, 1);
});

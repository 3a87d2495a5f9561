import assert from "node:assert/strict";
import { before, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../shared/eventually.ts";
import { ask } from "../shared/requests/http.ts";
import { bearer, register, type SignedIn, sameSecret } from "../shared/requests/people.ts";
import { collectorFaults, startFailingCollector } from "../shared/servers/failing-collector.ts";
import { type FaultProxy, startFaultProxy } from "../shared/servers/fault-proxy.ts";
import { type HavenProcess, startHavenProcess } from "../shared/servers/haven-process.ts";
import { asAppRole, freshDatabase } from "../shared/servers/stores/database.ts";
import { freshRedis } from "../shared/servers/stores/redis.ts";
import { startReceiver, withReceiver } from "../support/otlp-receiver.ts";
import { startSteadyLoad } from "../support/steady-load.ts";
import { type AnsweredIn, loadUnderFaults, percentile } from "./support/compared-load.ts";

const exportTimeoutMs = 1000;
/** Above the number of spans that may wait for the endpoint, which src/tracing/trace-exporter.ts limits. */
const moreThanMayWait = 17_000;

let stores: { redis: FaultProxy; postgres: FaultProxy };
let env: Record<string, string>;
let plain: HavenProcess;
let person: SignedIn;

before(async () => {
  stores = {
    postgres: await startFaultProxy(asAppRole(await freshDatabase()), { keepsSent: false }),
    redis: await startFaultProxy(await freshRedis(), { keepsSent: false }),
  };
  env = {
    ...sameSecret,
    DATABASE_URL: stores.postgres.url,
    REDIS_URL: stores.redis.url,
    OVERLOAD_DELAY_MS: "0",
    HEALTH_CHECK_INTERVAL: "500",
    HEALTH_CHECK_TIMEOUT: "500",
    REDIS_COMMAND_TIMEOUT_MS: "500",
    DB_CONNECT_TIMEOUT_MS: "500",
    DB_STATEMENT_TIMEOUT_MS: "1000",
    // Each request reads its session, so that its trace has spans of the stores.
    SESSION_CACHE: "off",
    LOG_LEVEL: "error",
  };
  plain = await startHavenProcess({ env });
  person = await register(plain.url);
});

const startTraced = (endpoint: string, timeoutMs = exportTimeoutMs): Promise<HavenProcess> =>
  startHavenProcess({
    env: {
      ...env,
      INSTANCE_ID: "traced",
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_EXPORTER_OTLP_TIMEOUT: String(timeoutMs),
    },
  });

async function spansOf({ url }: HavenProcess) {
  const { text } = await ask(`${url}/metrics`);
  const read = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1]);
  return {
    exported: read('trace_spans_total\\{outcome="exported"\\}'),
    failed: read('trace_spans_total\\{outcome="failed"\\}'),
    dropped: read('trace_spans_total\\{outcome="dropped"\\}'),
    pending: read("trace_spans_pending"),
  };
}

const untilNoneIsPending = (server: HavenProcess) =>
  eventually(
    () => spansOf(server),
    ({ pending }) => pending === 0,
    60_000,
    200,
  );

const isServed = ({ outcome }: AnsweredIn): boolean => outcome === "200";
const inPhases = (answers: readonly AnsweredIn[], ...phases: readonly AnsweredIn["phase"][]) =>
  answers.filter(({ phase }) => phases.includes(phase));
const describeFailures = (answers: readonly AnsweredIn[]): string =>
  answers.map(({ phase, path, outcome, ms }) => `${phase}: ${path} ${outcome} after ${ms.toFixed(0)} ms`).join("\n");

/** Requires that a server that exports traces serves the same load under the same faults as well as a server without traces. */
async function assertSameService(t: TestContext, traced: HavenProcess): Promise<readonly AnsweredIn[]> {
  const [without = [], withTraces = []] = await loadUnderFaults([plain.url, traced.url], person, stores);
  // Without a fault of the stores, each request is served. /api needs no store, so it is served during the faults too.
  const mustBeServed = withTraces.filter(
    ({ phase, path }) => path === "/api" || phase === "calm" || phase === "recovered",
  );
  assert.equal(describeFailures(mustBeServed.filter((one) => !isServed(one))), "");
  // During a fault, requests that need the store get the same answers as without traces: 200 or 503, and no other failure.
  assert.equal(describeFailures(withTraces.filter(({ outcome }) => outcome !== "200" && outcome !== "503")), "");
  for (const phase of ["Redis refuses", "Postgres hangs"] as const) {
    const [expected, actual] = [without, withTraces].map((all) => {
      const ofPhase = inPhases(all, phase);
      return ofPhase.filter((answer) => !isServed(answer)).length / ofPhase.length;
    });
    // The breakers of the two servers do not open in the same moment.
    assert.ok((actual ?? 1) <= (expected ?? 0) + 0.1, `${phase}: ${actual} failed, ${expected} without traces`);
  }
  for (const [rank, factor, slackMs] of [
    [0.5, 1.5, 5],
    [0.95, 2, 30],
  ] as const) {
    const [expected = 0, actual = Infinity] = [without, withTraces].map((all) =>
      percentile(inPhases(all, "calm", "recovered"), rank),
    );
    t.diagnostic(`quantile ${rank}: ${actual.toFixed(1)} ms, ${expected.toFixed(1)} ms without traces`);
    assert.ok(actual <= expected * factor + slackMs, `quantile ${rank}: ${actual} ms, ${expected} ms without traces`);
  }
  return withTraces;
}

test(
  "with a real receiver, exporting makes no request fail or slow during faults of the stores, and every span arrives",
  withReceiver,
  async (t) => {
    const receiver = await startReceiver();
    const traced = await startTraced(receiver.endpoint);
    const answers = await assertSameService(t, traced);
    const { exported, failed, dropped } = await untilNoneIsPending(traced);
    assert.deepEqual({ failed, dropped }, { failed: 0, dropped: 0 });
    await eventually(
      () => receiver.spans().length,
      (received) => received === exported,
      20_000,
      200,
    );
    assert.equal(receiver.spans().filter(({ kind }) => kind === 2).length, answers.length);
  },
);

for (const fault of collectorFaults) {
  test(`an endpoint that is ${fault} makes no request fail or slow during faults of the stores, and lost spans are counted`, async (t) => {
    const { endpoint, attempts } = await startFailingCollector(fault);
    const traced = await startTraced(endpoint);
    const answers = await assertSameService(t, traced);
    const { exported, failed, dropped } = await untilNoneIsPending(traced);
    if (fault !== "refusing") assert.ok(attempts() > 0);
    // Each request has at least one span.
    assert.ok(exported + failed + dropped >= answers.length, `${exported + failed + dropped} of ${answers.length}`);
    if (fault === "slow") assert.ok(exported > 0, "a slow endpoint receives spans");
    else assert.equal(exported, 0);
    if (fault !== "slow") assert.ok(failed > 0);
  });
}

test("while an endpoint hangs, a limited number of spans waits, and further spans are dropped and counted", async () => {
  const { endpoint } = await startFailingCollector("hanging");
  const traced = await startTraced(endpoint, 120_000);
  const outcomes = new Set<string>();
  const load = startSteadyLoad(
    traced.url,
    250,
    () => ({ path: "/api/v1/properties", headers: bearer(person) }),
    ({ outcome }) => outcomes.add(outcome),
  );
  const { pending } = await eventually(
    () => spansOf(traced),
    ({ dropped }) => dropped > 0,
    60_000,
    200,
  );
  // Requests are also served while spans are dropped.
  await sleep(1000);
  await load.stop();
  assert.deepEqual([...outcomes], ["200"]);
  assert.ok(pending < moreThanMayWait, `${pending} spans wait`);
});

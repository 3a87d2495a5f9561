import assert from "node:assert/strict";
import { test } from "node:test";
import type { Balance } from "../../../bench/chaos/load/ledger.ts";
import type { AttemptResult, Kind } from "../../../bench/chaos/load/records.ts";
import { factsOf, type Observed, totalAttempts } from "../../../bench/chaos/measure.ts";
import { mergeResults } from "../../../bench/chaos/results.ts";
import { minimumOf } from "../../../bench/chaos/testbed/resources.ts";
import { isPassed, judge, judgeResources } from "../../../bench/chaos/verdict.ts";

const balance = { acknowledged: 5, unanswered: 0, lost: [], duplicated: [] };
const moments = { from: 0, injected: 3000, inEffect: 3200, ended: 9000, healthy: 11_000, to: 14_000 };
const attempt = (startedAt: number, result: AttemptResult, kind: Kind = "read", ms = 10) => ({
  kind,
  startedAt,
  ms,
  result,
});
const observation = (at: number, state: string, instance = "one", by: "probe" | "proxy" = "probe") => ({
  ...{ by, instance, at, state },
});
const facts = (observed: Partial<Observed>) =>
  factsOf({ moments, attempts: [], requests: [], observations: [], signIns: 0, stalledMs: 0, balance, ...observed });

test("no response and a 5xx are failures, counted by kind and cause; a 4xx is a response", () => {
  const { failedAttempts } = facts({
    attempts: [
      attempt(3100, "502", "write"),
      attempt(3100, "502", "write"),
      attempt(3100, "reset"),
      attempt(3200, "503 overloaded", "public"),
      attempt(3300, "401 unauthenticated"),
      attempt(3400, "409"),
      attempt(3500, "ok"),
    ],
  });
  assert.deepEqual(failedAttempts, {
    public: { "503 overloaded": 1 },
    read: { reset: 1 },
    write: { "502": 2 },
    login: {},
  });
  assert.equal(totalAttempts(failedAttempts), 4);
});

test("a fault is detected when a probe or a proxy observes a new state", () => {
  const before = [observation(0, "ready"), observation(0, "ready", "two"), observation(0, "UP", "one", "proxy")];
  const result = facts({
    observations: [...before, observation(3400, "silent"), observation(5500, "DOWN", "one", "proxy")],
  });
  assert.deepEqual(result.detectedAfter, { probe: 400, proxy: 2500 });
  assert.deepEqual(facts({ observations: before }).detectedAfter, { probe: undefined, proxy: undefined });
});

test("recoveredAfterMs is the time until the last failed attempt starts, healthyAfterMs the time until all instances are ready", () => {
  const { recoveredAfterMs, healthyAfterMs } = facts({
    attempts: [attempt(4000, "503"), attempt(8900, "503"), attempt(10_500, "503")],
  });
  assert.deepEqual([recoveredAfterMs, healthyAfterMs], [1500, 2000]);
  assert.equal(facts({ attempts: [attempt(8900, "timeout", "read", 5000)] }).recoveredAfterMs, 0);
});

test("the time in which reads fail is measured from the start of the fault, and separately from its end", () => {
  const during = [attempt(2999, "503"), attempt(3300, "503"), attempt(4000, "503", "write")];
  assert.equal(facts({ attempts: during }).readsFailedForMs, 300);
  assert.equal(facts({ attempts: [...during, attempt(9450, "503")] }).readsFailedForMs, 450);
});

test("the false-ready time is the time from the first failed attempt until a probe reports something other than ready", () => {
  const ready = [observation(0, "ready"), observation(0, "ready", "two")];
  const attempts = [attempt(2000, "503"), attempt(3500, "503"), attempt(7990, "503")];
  const falseReadyTimeOf = (...observations: Observed["observations"]) =>
    facts({ attempts, observations: [...ready, ...observations] }).falseReadyTime;
  assert.deepEqual(falseReadyTimeOf(observation(3900, "ready"), observation(4510, "degraded", "two")), {
    ms: 1000,
    reported: true,
  });
  assert.deepEqual(falseReadyTimeOf(observation(3300, "not_ready")), { ms: 0, reported: true });
  assert.deepEqual(falseReadyTimeOf(observation(4000, "DOWN", "one", "proxy")), { ms: 4490, reported: false });
  assert.equal(facts({ observations: [...ready, observation(3300, "not_ready")] }).falseReadyTime, undefined);
  assert.equal(facts({ attempts: [attempt(3500, "503 overloaded")], observations: ready }).falseReadyTime, undefined);
});

test("an attempt that waits longer than the time limit of a statement counts as failed at that limit", () => {
  const attempts = [attempt(3500, "ok", "write", 20_000)];
  assert.deepEqual(
    facts({ attempts, observations: [observation(0, "ready"), observation(9000, "degraded")] }).falseReadyTime,
    {
      ms: 500,
      reported: true,
    },
  );
});

test("if no probe reports the failures, the false-ready time is as long as the failures, and is compared with its limit", () => {
  const observations = [observation(0, "ready")];
  const metOf = (lastAt: number) =>
    judge(
      { falseReadyWithinMs: 6500 },
      facts({ observations, attempts: [attempt(3100, "503"), attempt(lastAt, "503")] }),
    ).at(-1)?.met;
  assert.deepEqual([metOf(4000), metOf(9610)], [true, false]);
});

test("readyMs is the time until every probe reports ready after the fault, and is undefined if a probe does not", () => {
  const observations = [observation(0, "ready"), observation(4000, "degraded"), observation(0, "ready", "two")];
  assert.equal(facts({ observations: [...observations, observation(10_200, "ready")] }).readyMs, 1200);
  assert.equal(facts({ observations }).readyMs, undefined);
});

test("newer figures replace those of the same fault, proxy and server, and keep the others", () => {
  const outcome = (fault: string, server: "haven" | "peer", commit: string) => ({
    ...{ proxy: "nginx" as const, server, fault, commit, facts: facts({}) },
  });
  const merged = mergeResults(
    {
      outcomes: [outcome("jam", "haven", "a"), outcome("jam", "peer", "a"), outcome("freeze", "haven", "a")],
      topologies: [],
    },
    { outcomes: [outcome("jam", "haven", "b")], topologies: [] },
  );
  assert.deepEqual(
    merged.outcomes.map(({ fault, server, commit }) => `${fault} ${server} ${commit}`),
    ["jam haven b", "jam peer a", "freeze haven a"],
  );
});

test("the longest wait is measured over all attempts of a request", () => {
  const requests = [1200, 7000].map((ms) => ({
    kind: "read" as const,
    startedAt: 0,
    ms,
    result: "ok" as const,
    attempts: 3,
  }));
  assert.equal(facts({ requests }).worstWaitMs, 7000);
});

test("bounds are met or missed; only a missed strict bound sets exit code 1", () => {
  const late = facts({ attempts: [attempt(14_000, "503")] });
  const missedOf = (...args: Parameters<typeof judge>) => judge(...args).filter(({ met }) => !met);
  assert.deepEqual(missedOf({}, late), []);
  assert.deepEqual(
    missedOf({ recoveredWithinMs: 4000, onlyInFlightFails: true, readsFailForMs: 500 }, late).map(
      ({ strict }) => strict,
    ),
    [false, false, false],
  );
  const failed = facts({ requests: [{ kind: "write", startedAt: 0, ms: 1, result: "502", attempts: 9 }] });
  assert.deepEqual(missedOf({ noRequestFails: true }, failed), [
    { what: "1 requests failed (limit: 0)", met: false, strict: true },
  ]);
  const retried = facts({ attempts: [attempt(3100, "502", "write")] });
  assert.deepEqual(missedOf({ noRequestFails: true, noAttemptFails: true }, retried), [
    { what: "1 attempts failed (limit: 0)", met: false, strict: false },
  ]);
  const unhealthy = facts({ moments: { ...moments, healthy: undefined } });
  assert.equal(missedOf({}, unhealthy).length, 1);
  const lost = facts({ balance: { ...balance, lost: ["x"] } });
  assert.deepEqual(missedOf({}, lost), [{ what: "1 lost, 0 duplicated", met: false, strict: true }]);
  const resultsOf = (server: "haven" | "peer", topologyBalance: Balance) => ({
    outcomes: [],
    topologies: [{ proxy: "nginx" as const, server, topology: "single", balance: topologyBalance }],
  });
  assert.ok(!isPassed(resultsOf("haven", lost.balance), () => ({})));
  assert.ok(isPassed(resultsOf("peer", lost.balance), () => ({})));
  assert.ok(isPassed(resultsOf("haven", balance), () => ({})));
});

test("resources after the run are compared with those before", () => {
  const before = { postgres: 12, redis: 6, handles: 60, heapMb: 100 };
  const missedOf = (after: Partial<typeof before>) =>
    judgeResources({ before, after: { ...before, ...after } })
      .filter(({ met }) => !met)
      .map(({ what }) => what);
  assert.deepEqual(missedOf({ postgres: 3, heapMb: 110 }), []);
  assert.deepEqual(missedOf({ postgres: 13, heapMb: 111 }), [
    "connections to Postgres: 13 after the faults, 12 before",
    "MB of heap: 111 after the faults, 100 before",
  ]);
  assert.deepEqual(missedOf({ redis: 7, handles: 61 }).length, 2);
});

test("of several samples of an idle fleet, the minimum counts", () => {
  const one = { postgres: 3, redis: 6, handles: 35, heapMb: 88 };
  assert.deepEqual(minimumOf([one, { ...one, postgres: 4, handles: 33 }]), { ...one, handles: 33 });
});

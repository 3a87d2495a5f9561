import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../../../src/core/errors/app-error.ts";
import { type BreakerOptions, createBreaker } from "../../../src/kit/resilience/breaker.ts";
import { atEnd } from "../../shared/at-end.ts";

class ConnectionLost extends Error {}

function make(options: Partial<BreakerOptions> = {}) {
  const states: string[] = [];
  const breaker = createBreaker({
    name: "thing",
    isFailure: (error) => error instanceof ConnectionLost,
    retryMs: 2000,
    clock: { now: () => 1_000_000 },
    closeOn: "trial",
    onChange: ({ state }) => states.push(state),
    ...options,
  });
  atEnd(breaker.stop);
  return { breaker, states };
}

const fail = async () => {
  throw new ConnectionLost("gone");
};
const violateConstraint = async () => {
  throw new Error("unique constraint");
};
const fine = async () => "fine";

async function openByFailures(breaker: ReturnType<typeof make>["breaker"]) {
  while (breaker.view().state === "closed") await assert.rejects(breaker.run(fail), ConnectionLost);
  assert.equal(breaker.view().state, "open");
}

test("five failures in a row open the breaker, and calls are rejected at once with the time of the next trial", async () => {
  const { breaker } = make();
  await openByFailures(breaker);
  let called = false;
  const startedAt = performance.now();
  await assert.rejects(
    breaker.run(async () => {
      called = true;
    }),
    (error) => error instanceof AppError && error.code === "unavailable" && error.extras.retryAfterSeconds === 2,
  );
  assert.equal(called, false);
  assert.ok(performance.now() - startedAt < 50);
});

test("uncounted work is rejected while the breaker is open, and its failures do not open it", async () => {
  const { breaker, states } = make();
  for (let i = 0; i < 20; i += 1) await assert.rejects(breaker.runUncounted(fail), ConnectionLost);
  assert.deepEqual([breaker.view().state, states], ["closed", []]);
  await openByFailures(breaker);
  await assert.rejects(
    breaker.runUncounted(fine),
    (error) => error instanceof AppError && error.code === "unavailable",
  );
  assert.equal(breaker.counts().rejected, 0, "no request was refused");
});

test("a success resets the count of failures in a row; a failure rate above one half opens the breaker nevertheless", async () => {
  const { breaker } = make();
  for (let i = 0; i < 4; i += 1) await breaker.run(fail).catch(() => undefined);
  await breaker.run(fine);
  assert.equal(breaker.view().state, "closed");
  await breaker.run(fail).catch(() => undefined);
  assert.equal(breaker.view().state, "open", "five of six failed");
});

test("errors that are not failures of the dependency do not open the breaker", async () => {
  const { breaker } = make();
  for (let i = 0; i < 100; i += 1) await assert.rejects(breaker.run(violateConstraint), /unique/);
  assert.equal(breaker.view().state, "closed");
});

test("the breaker stays open until a background check succeeds; no user call is the trial", async () => {
  const { breaker, states } = make();
  await openByFailures(breaker);
  await assert.rejects(breaker.run(fine), AppError);
  await assert.rejects(breaker.runTrial(fail), ConnectionLost);
  await assert.rejects(breaker.run(fine), AppError);
  await breaker.runTrial(fine);
  assert.equal(await breaker.run(fine), "fine");
  assert.deepEqual(states, ["open", "half_open", "open", "half_open", "closed"]);
});

test("a half-open breaker rejects all other calls", async () => {
  const { breaker } = make();
  await openByFailures(breaker);
  const trial = breaker.runTrial(() => sleep(50));
  assert.equal(breaker.view().state, "half_open");
  await assert.rejects(breaker.run(fine), AppError);
  await trial;
  assert.equal(breaker.view().state, "closed");
});

test("a late success from before the opening does not close the breaker, and a late failure does not reopen it", async () => {
  const { breaker } = make();
  const lateSuccess = breaker.run(() => sleep(60, "late"));
  const lateFailures = Array.from({ length: 10 }, () =>
    breaker.run(() => sleep(120).then(fail)).catch(() => undefined),
  );
  await openByFailures(breaker);
  const trial = breaker.runTrial(() => sleep(90));
  assert.equal(await lateSuccess, "late");
  assert.equal(breaker.view().state, "half_open");
  await trial;
  assert.equal(breaker.view().state, "closed");
  await Promise.all(lateFailures);
  assert.equal(breaker.view().state, "closed");
});

test("a trial that hangs does not keep the breaker half open: the next trial replaces it", async () => {
  const { breaker } = make();
  await openByFailures(breaker);
  const { promise: never, reject } = Promise.withResolvers<void>();
  const hung = breaker.runTrial(() => never);
  await breaker.runTrial(fine);
  assert.equal(breaker.view().state, "closed");
  reject(new ConnectionLost());
  await assert.rejects(hung);
  assert.equal(breaker.view().state, "closed");
});

test("the failure of one call does not end another call", async () => {
  const { breaker } = make();
  const long = breaker.run(() => sleep(50, "done"));
  await breaker.run(fail).catch(() => undefined);
  assert.equal(await long, "done");
});

test("the breaker counts its events", async () => {
  const { breaker } = make();
  await openByFailures(breaker);
  await breaker.runTrial(fine);
  await breaker.run(fine);
  await openByFailures(breaker);
  await breaker.run(fine).catch(() => undefined);
  assert.partialDeepStrictEqual(breaker.counts(), { success: 1, rejected: 1, opened: 2, half_opened: 1, closed: 1 });
});

test("with closeOn signal, a successful trial does not close the breaker, and the health check does", async () => {
  const { breaker, states } = make({ closeOn: "signal" });
  await openByFailures(breaker);
  await breaker.runTrial(fine);
  await assert.rejects(breaker.run(fine), AppError);
  breaker.close();
  assert.equal(await breaker.run(fine), "fine");
  assert.deepEqual(states, ["open", "half_open", "open", "closed"]);
});

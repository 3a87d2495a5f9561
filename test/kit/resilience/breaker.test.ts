import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../../../src/core/app-error.ts";
import { type BreakerOptions, createBreaker } from "../../../src/kit/resilience/breaker.ts";
import { atEnd } from "../../support/at-end.ts";

class Dead extends Error {}

function make(options: Partial<BreakerOptions> = {}) {
  const states: string[] = [];
  const breaker = createBreaker({
    name: "thing",
    isFailure: (error) => error instanceof Dead,
    retryMs: 2000,
    clock: { now: () => 1_000_000 },
    onChange: ({ state }) => states.push(state),
    ...options,
  });
  atEnd(breaker.stop);
  return { breaker, states };
}

const dead = async () => {
  throw new Dead("gone");
};
const wrong = async () => {
  throw new Error("unique constraint");
};
const fine = async () => "fine";

async function kill(breaker: ReturnType<typeof make>["breaker"]) {
  while (breaker.view().state === "closed") await assert.rejects(breaker.run(dead), Dead);
  assert.equal(breaker.view().state, "open");
}

test("five failures in a row open it, and calls are refused at once with the time of the next try", async () => {
  const { breaker } = make();
  await kill(breaker);
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

test("what runs aside is refused while it is open, and opens it never, however often it fails", async () => {
  const { breaker, states } = make();
  for (let i = 0; i < 20; i += 1) await assert.rejects(breaker.runUncounted(dead), Dead);
  assert.deepEqual([breaker.view().state, states], ["closed", []]);
  await kill(breaker);
  await assert.rejects(
    breaker.runUncounted(fine),
    (error) => error instanceof AppError && error.code === "unavailable",
  );
  assert.equal(breaker.counts().rejected, 0, "no request was refused");
});

test("a success in between starts the count anew; more than half of many failing opens it all the same", async () => {
  const { breaker } = make();
  for (let i = 0; i < 4; i += 1) await breaker.run(dead).catch(() => undefined);
  await breaker.run(fine);
  assert.equal(breaker.view().state, "closed");
  await breaker.run(dead).catch(() => undefined);
  assert.equal(breaker.view().state, "open", "five of six failed");
});

test("errors that the dependency answered with never open it", async () => {
  const { breaker } = make();
  for (let i = 0; i < 100; i += 1) await assert.rejects(breaker.run(wrong), /unique/);
  assert.equal(breaker.view().state, "closed");
});

test("no user's call is the trial: it stays open until a background check succeeds", async () => {
  const { breaker, states } = make();
  await kill(breaker);
  await assert.rejects(breaker.run(fine), AppError);
  await assert.rejects(breaker.runTrial(dead), Dead);
  await assert.rejects(breaker.run(fine), AppError);
  await breaker.runTrial(fine);
  assert.equal(await breaker.run(fine), "fine");
  assert.deepEqual(states, ["open", "half_open", "open", "half_open", "closed"]);
});

test("half open it refuses everybody else", async () => {
  const { breaker } = make();
  await kill(breaker);
  const trial = breaker.runTrial(() => sleep(50));
  assert.equal(breaker.view().state, "half_open");
  await assert.rejects(breaker.run(fine), AppError);
  await trial;
  assert.equal(breaker.view().state, "closed");
});

test("a late success from before the opening does not close it, nor a late failure reopen it", async () => {
  const { breaker } = make();
  const lateSuccess = breaker.run(() => sleep(60, "late"));
  const lateFailures = Array.from({ length: 10 }, () =>
    breaker.run(() => sleep(120).then(dead)).catch(() => undefined),
  );
  await kill(breaker);
  const trial = breaker.runTrial(() => sleep(90));
  assert.equal(await lateSuccess, "late");
  assert.equal(breaker.view().state, "half_open");
  await trial;
  assert.equal(breaker.view().state, "closed");
  await Promise.all(lateFailures);
  assert.equal(breaker.view().state, "closed");
});

test("a trial that hangs does not keep it half open for ever: the next one counts", async () => {
  const { breaker } = make();
  await kill(breaker);
  const { promise: never, reject } = Promise.withResolvers<void>();
  const hung = breaker.runTrial(() => never);
  await breaker.runTrial(fine);
  assert.equal(breaker.view().state, "closed");
  reject(new Dead());
  await assert.rejects(hung);
  assert.equal(breaker.view().state, "closed");
});

test("one call's failure never ends another", async () => {
  const { breaker } = make();
  const long = breaker.run(() => sleep(50, "done"));
  await breaker.run(dead).catch(() => undefined);
  assert.equal(await long, "done");
});

test("it counts what happened", async () => {
  const { breaker } = make();
  await kill(breaker);
  await breaker.runTrial(fine);
  await breaker.run(fine);
  await kill(breaker);
  await breaker.run(fine).catch(() => undefined);
  assert.partialDeepStrictEqual(breaker.counts(), { success: 1, rejected: 1, opened: 2, half_opened: 1, closed: 1 });
});

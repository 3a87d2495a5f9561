import assert from "node:assert/strict";
import { test } from "node:test";
import { CheckFailed } from "../../src/core/failure-reason.ts";
import { createMailCheck } from "../../src/mail/mail-check.ts";

/** A check of a mail server that answers with `failure`, with a clock that the test moves. */
function checkOf() {
  const state = { at: 0, connections: 0, failure: undefined as Error | undefined };
  const { check, onDelivery } = createMailCheck({
    now: () => state.at,
    async connect() {
      state.connections += 1;
      if (state.failure !== undefined) throw state.failure;
    },
  });
  const run = () => check.run(new AbortController().signal);
  return { state, run, onDelivery };
}

test("a mail server that works is connected to every 30 s", async () => {
  const { state, run } = checkOf();
  for (const [at, connections] of [
    [0, 1],
    [29_000, 1],
    [30_000, 2],
  ] as const) {
    state.at = at;
    await run();
    assert.equal(state.connections, connections);
  }
});

test("a failed delivery is confirmed by a connection before the mail server counts as failed", async () => {
  const { state, run, onDelivery } = checkOf();
  await run();
  onDelivery(new CheckFailed("reset"));
  await run();
  assert.equal(state.connections, 2);
});

test("the check connects to an unreachable mail server every 5 s, and retries a rejected sign-in after 30 s", async () => {
  for (const [reason, retryAfterMs] of [
    ["refused", 5000],
    ["credentials", 30_000],
  ] as const) {
    const { state, run } = checkOf();
    state.failure = new CheckFailed(reason);
    for (let count = 0; count < 5; count += 1) await assert.rejects(run());
    assert.equal(state.connections, 2, "the failure, and its confirmation");
    state.failure = undefined;
    state.at = retryAfterMs - 1;
    await assert.rejects(run());
    state.at = retryAfterMs;
    await run();
  }
});

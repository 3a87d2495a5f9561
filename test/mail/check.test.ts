import assert from "node:assert/strict";
import { test } from "node:test";
import { CheckFailed } from "../../src/core/errors/failure-reason.ts";
import { createMailCheck } from "../../src/mail/mail-check.ts";

/** Creates a check of a mail server whose connections fail with `failure`. The test sets the time of the check. */
function createCheck() {
  const state = { nowMs: 0, connections: 0, failure: undefined as Error | undefined };
  const { check, onDelivery } = createMailCheck({
    now: () => state.nowMs,
    async connect() {
      state.connections += 1;
      if (state.failure !== undefined) throw state.failure;
    },
  });
  const run = () => check.run(new AbortController().signal);
  return { state, run, onDelivery };
}

test("the check connects to a working mail server every 30 s", async () => {
  const { state, run } = createCheck();
  for (const [nowMs, connections] of [
    [0, 1],
    [29_000, 1],
    [30_000, 2],
  ] as const) {
    state.nowMs = nowMs;
    await run();
    assert.equal(state.connections, connections);
  }
});

test("after a failed delivery the check connects to the mail server before it fails", async () => {
  const { state, run, onDelivery } = createCheck();
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
    const { state, run } = createCheck();
    state.failure = new CheckFailed(reason);
    for (let count = 0; count < 5; count += 1) await assert.rejects(run());
    assert.equal(state.connections, 2, "one connection for the failure, and one for its confirmation");
    state.failure = undefined;
    state.nowMs = retryAfterMs - 1;
    await assert.rejects(run());
    state.nowMs = retryAfterMs;
    await run();
  }
});

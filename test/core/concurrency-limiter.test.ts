import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createConcurrencyLimiter } from "../../src/core/limits/concurrency-limiter.ts";
import { block } from "../support/block.ts";

const maxWaitMs = 200;

test("a call in a queue is not rejected because of a stall", async () => {
  const limiter = createConcurrencyLimiter({
    maxConcurrent: 1,
    maxQueued: 1,
    maxWaitMs,
    rejectionError: () => new Error("rejected"),
  });
  // This call ends during the stall. The process reads the event of the end only after the stall.
  const running = limiter.run(() => stat("/"));
  const queued = limiter.run(async () => "ran");
  await nextTurn();
  block(3 * maxWaitMs);
  assert.equal(await queued, "ran");
  await running;
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../shared/eventually.ts";
import { startStopwatch } from "../shared/stopwatch.ts";
import { intervalMs, startLocalFleet } from "./support/local-fleet.ts";

// This test has a file of its own, because the instances of other tests in the same process would delay its checks.
test("without a failure, each store gets one call for each check interval", async () => {
  const { members } = await startLocalFleet(2);
  const [first] = members;
  assert.ok(first);
  const counts = () => ({
    redis: first.redis.sent().match(/haven:fleet/g)?.length ?? 0,
    postgres: first.postgres.sent().match(/fleet-write/g)?.length ?? 0,
  });
  const callsPerInterval = async () => {
    const before = counts();
    const elapsedMs = startStopwatch();
    await sleep(12 * intervalMs);
    const after = counts();
    const intervals = elapsedMs() / intervalMs;
    return [(after.redis - before.redis) / intervals, (after.postgres - before.postgres) / intervals];
  };
  // Checks run up to a tenth of an interval early. On a busy machine a check may fail, and then instances call more often.
  await eventually(callsPerInterval, (calls) => calls.every((each) => each > 0.7 && each < 1.2), 30_000);
});

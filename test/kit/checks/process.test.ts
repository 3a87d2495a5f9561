import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { diskCheck } from "../../../src/kit/checks/disk.ts";
import { eventLoopCheck } from "../../../src/kit/checks/event-loop.ts";
import { memoryCheck } from "../../../src/kit/checks/memory.ts";
import { atEnd } from "../../shared/at-end.ts";
import { eventually } from "../../shared/eventually.ts";
import { block } from "../../support/block.ts";
import { capabilityOf, outcomeOf } from "./support.ts";

const mebibyte = 2 ** 20;

test("memory: the check fails when more than the allowed share of the heap or of the container's memory is used", async () => {
  const read = () => ({
    rssBytes: 80 * mebibyte,
    heapUsedBytes: 50 * mebibyte,
    heapLimitBytes: 100 * mebibyte,
    limitBytes: 100 * mebibyte,
  });
  assert.equal(await outcomeOf(memoryCheck({ read })), "passed");
  assert.equal(await outcomeOf(memoryCheck({ read, maxUsedShare: 0.7 })), "over_limit");
  const unlimited = () => ({ ...read(), limitBytes: null });
  assert.equal(await outcomeOf(memoryCheck({ read: unlimited, maxUsedShare: 0.7 })), "passed");
  assert.equal(await outcomeOf(memoryCheck({ read: unlimited, maxUsedShare: 0.4 })), "over_limit");
  assert.equal(await outcomeOf(memoryCheck()), "passed");
});

test("disk: a smaller share of free space than required fails, and so does a missing folder", async () => {
  assert.equal(await outcomeOf(diskCheck({ folder: tmpdir(), minFreeShare: 0 })), "passed");
  assert.equal(await outcomeOf(diskCheck({ minFreeShare: 1.1 })), "over_limit");
  assert.equal(await outcomeOf(diskCheck({ folder: "/nonexistent" })), "failed");
});

test("event loop: the check fails while the loop is saturated, and passes afterwards", async () => {
  const check = eventLoopCheck({ maxDelayMs: 100 });
  atEnd(() => check.close?.());
  assert.equal(await outcomeOf(check), "passed");
  const jam = setInterval(() => block(200), 1);
  await eventually(
    () => outcomeOf(check),
    (outcome) => outcome === "over_limit",
  );
  clearInterval(jam);
  await eventually(
    () => outcomeOf(check),
    (outcome) => outcome === "passed",
  );
});

test("checks of the process are not critical unless set", () => {
  for (const check of [memoryCheck(), diskCheck(), eventLoopCheck({ isSaturated: () => false })]) {
    assert.equal(capabilityOf(check).critical, false, check.name);
  }
  assert.equal(capabilityOf(diskCheck({ critical: true, name: "uploads" })).critical, true);
});

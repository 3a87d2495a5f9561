import assert from "node:assert/strict";
import { test } from "node:test";
import { createPerKeyLimit } from "../../src/core/per-key-limit.ts";

test("each has a share of its own, and gives back what it took once", () => {
  const shares = createPerKeyLimit({ maxPerKey: 2, onRejected: () => new Error("full") });
  const giveBack = shares.take("ana");
  shares.take("ana");
  assert.throws(() => shares.take("ana"), /full/);
  shares.take("ben");
  giveBack();
  giveBack();
  shares.take("ana");
  assert.throws(() => shares.take("ana"), /full/);
});

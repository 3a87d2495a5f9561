import assert from "node:assert/strict";
import { test } from "node:test";
import { createShares } from "../../src/core/per-key-limit.ts";

test("each has a share of its own, and gives back what it took once", () => {
  const shares = createShares({ most: 2, onFull: () => new Error("full") });
  const giveBack = shares.take("ana");
  shares.take("ana");
  assert.throws(() => shares.take("ana"), /full/);
  shares.take("ben");
  giveBack();
  giveBack();
  shares.take("ana");
  assert.throws(() => shares.take("ana"), /full/);
});

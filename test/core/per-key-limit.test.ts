import assert from "node:assert/strict";
import { test } from "node:test";
import { createPerKeyLimit } from "../../src/core/limits/per-key-limit.ts";

test("each key has its own limit, and a place is released only once", () => {
  const limit = createPerKeyLimit({ maxPerKey: 2, rejectionError: () => new Error("full") });
  const release = limit.take("ana");
  limit.take("ana");
  assert.throws(() => limit.take("ana"), /full/);
  limit.take("ben");
  release();
  release();
  limit.take("ana");
  assert.throws(() => limit.take("ana"), /full/);
});

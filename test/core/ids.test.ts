import assert from "node:assert/strict";
import { test } from "node:test";
import { uuidv7 } from "../../src/core/ids.ts";

test("ids are UUIDv7 and sort by creation time", () => {
  const earlier = uuidv7(1_700_000_000_000);
  const later = uuidv7(1_700_000_000_001);
  for (const id of [earlier, later])
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.ok(earlier < later);
});

test("a thousand ids of one millisecond are all different", () => {
  assert.equal(new Set(Array.from({ length: 1000 }, () => uuidv7(1))).size, 1000);
});

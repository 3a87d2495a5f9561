import assert from "node:assert/strict";
import { test } from "node:test";
import { createUnorderedSet } from "../../src/core/unordered-set.ts";

test("a roll knows who is here, whoever leaves first", () => {
  const roll = createUnorderedSet<string>();
  const leave = new Map(["Ada", "Ben", "Cleo", "Dan"].map((name) => [name, roll.add(name)]));
  for (const [gone, left] of [
    ["Ben", ["Ada", "Cleo", "Dan"]],
    ["Dan", ["Ada", "Cleo"]],
    ["Ada", ["Cleo"]],
    ["Cleo", []],
  ] as const) {
    leave.get(gone)?.();
    assert.deepEqual(roll.members().sort(), left);
    assert.equal(roll.size(), left.length);
  }
});

test("who leaves twice takes nobody else along", () => {
  const roll = createUnorderedSet<string>();
  const leave = roll.add("Ada");
  leave();
  roll.add("Ben");
  leave();
  assert.deepEqual(roll.members(), ["Ben"]);
});

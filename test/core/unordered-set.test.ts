import assert from "node:assert/strict";
import { test } from "node:test";
import { createUnorderedSet } from "../../src/core/unordered-set.ts";

test("members can be removed in any order", () => {
  const set = createUnorderedSet<string>();
  const remove = new Map(["Ada", "Ben", "Cleo", "Dan"].map((name) => [name, set.add(name)]));
  for (const [removed, remaining] of [
    ["Ben", ["Ada", "Cleo", "Dan"]],
    ["Dan", ["Ada", "Cleo"]],
    ["Ada", ["Cleo"]],
    ["Cleo", []],
  ] as const) {
    remove.get(removed)?.();
    assert.deepEqual(set.members().sort(), remaining);
    assert.equal(set.size(), remaining.length);
  }
});

test("removing a member twice removes no other member", () => {
  const set = createUnorderedSet<string>();
  const remove = set.add("Ada");
  remove();
  set.add("Ben");
  remove();
  assert.deepEqual(set.members(), ["Ben"]);
});

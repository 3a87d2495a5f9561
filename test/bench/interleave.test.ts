import assert from "node:assert/strict";
import { test } from "node:test";
import { interleave } from "../../bench/interleave.ts";

test("each round measures every contender and begins with a different one; the first round is a warm-up", async () => {
  const order: string[] = [];
  const contender = (name: string) => async () => order.push(name);
  const measured = await interleave(2, { a: contender("a"), b: contender("b") });
  assert.deepEqual(order, ["a", "b", "b", "a", "a", "b"]);
  assert.deepEqual(measured, { a: [4, 5], b: [3, 6] });
});

test("a single round has a warm-up too", async () => {
  let calls = 0;
  const measured = await interleave(1, { a: async () => ++calls });
  assert.deepEqual(measured, { a: [2] });
});

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { allRules, families } from "../../../src/doctor/rules/all-rules.ts";
import { diagnoseTexts, fileOf, rulesIn } from "../support/diagnose.ts";

suite("the example of each rule", () => {
  for (const { id, example } of allRules) {
    test(`${id} is found in its broken example, and not in its fixed example`, () => {
      const broken = diagnoseTexts({ ...example.alongside, [example.kind]: example.broken });
      const fixed = diagnoseTexts({ ...example.alongside, [example.kind]: example.fixed });
      assert.deepEqual(broken.unreadable, []);
      assert.deepEqual(fixed.unreadable, []);
      const found = broken.findings.filter(({ rule }) => rule === id);
      assert.ok(found.length > 0, `found ${rulesIn(broken).join(", ") || "nothing"}`);
      assert.ok(!rulesIn(fixed).includes(id));
      for (const { places } of found) assert.ok(places.some(({ file }) => file === fileOf(example.kind)));
    });
  }
});

test("the id of a rule starts with its family and is unique", () => {
  for (const { name, rules } of families) for (const { id } of rules) assert.ok(id.startsWith(`${name}-`), id);
  assert.equal(new Set(allRules.map(({ id }) => id)).size, allRules.length);
});

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "./findings.ts";
import { linters } from "./linters.ts";
import { explanationsOf, faultsOf, readPage, versionsOf } from "./page.ts";

const page = readPage();
const explanations = explanationsOf(page);

test("docs/linters.md has a section for each linter, with the version that npm run linters installs", () => {
  assert.deepEqual(versionsOf(page), new Map(linters.map(({ name, version }) => [name, version])));
});

test("each explanation names existing files or objects, and has a reason", () => {
  assert.ok(explanations.length > 10);
  for (const { rule, where, reason } of explanations) {
    assert.ok(where.length > 0, rule);
    assert.match(reason, /^[A-Z0-9`].*\.$/, rule);
    for (const place of where)
      assert.ok(/^(?:Deployment|Job|StatefulSet)\//.test(place) || existsSync(join(root, place)), `${rule} ${place}`);
  }
});

test("a finding without an explanation and an explanation without a finding are faults", () => {
  const [explanation] = explanationsOf("## j 1.0\n\n| `R1`: says | `a/b`, `c` | It has a reason. |\n");
  assert.deepEqual(explanation, { linter: "j", rule: "R1", where: ["a/b", "c"], reason: "It has a reason." });
  const finding = (rule: string, where: string) => ({ rule, where, message: "m" });
  const faults = (...findings: readonly ReturnType<typeof finding>[]) =>
    faultsOf("j", findings, explanation === undefined ? [] : [explanation]);
  assert.deepEqual(faults(finding("R1", "a/b"), finding("R1", "c")), []);
  assert.deepEqual(faults(finding("R1", "a/b"), finding("R1", "c"), finding("R2", "c")), ["j R2 c: m"]);
  assert.deepEqual(faults(finding("R1", "a/b"), finding("R1", "c"), finding("R1", "d")), ["j R1 d: m"]);
  assert.deepEqual(faults(finding("R1", "c")), ["docs/linters.md explains j R1 a/b, which is not reported"]);
  assert.deepEqual(faultsOf("other", [], explanation === undefined ? [] : [explanation]), []);
});

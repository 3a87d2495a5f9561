import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { allRules } from "../../../src/doctor/rules/all-rules.ts";
import { byRule, configurations, errorsOf, findingsIn, precision } from "./accuracy.ts";
import { accuracyPage } from "./accuracy-page.ts";

suite("the verdicts on public configurations", () => {
  const lastSet = configurations.filter(({ set }) => set === "last");

  test("at least 100 configurations have verdicts, and 30 more were read after the last change of a rule", () => {
    assert.ok(configurations.length - lastSet.length >= 100);
    assert.ok(lastSet.length >= 30);
  });

  test("each configuration is identified by repository, path and commit, and listed once", () => {
    for (const { repository, commit } of configurations) {
      assert.match(repository, /^[^/]+\/[^/]+$/);
      assert.match(commit, /^[0-9a-f]{40}$/);
    }
    const names = configurations.map(({ repository, path, commit }) => `${repository} ${path} ${commit}`);
    assert.equal(new Set(names).size, names.length);
  });

  for (const set of [undefined, "held out", "last"] as const) {
    test(`at least 95 % of the errors and 85 % of all findings are true: ${set ?? "all sets"}`, () => {
      assert.ok(precision(errorsOf(findingsIn(set))) >= 0.95);
      assert.ok(precision(findingsIn(set)) >= 0.85);
    });
  }

  test("every rule with verdicts exists, and is off by default if its precision is under 0.7", () => {
    for (const [id, findings] of byRule()) {
      const rule = allRules.find((candidate) => candidate.id === id);
      assert.ok(rule !== undefined, id);
      assert.ok(precision(findings) >= 0.7 || rule.offByDefault !== undefined, id);
    }
  });
});

test("docs/doctor-accuracy.md equals the verdicts and the planted faults", () => {
  const page = readFileSync(new URL("../../../docs/doctor-accuracy.md", import.meta.url), "utf8");
  assert.equal(page, accuracyPage(), "run npm run doctor-page");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeOverlays } from "../../../../src/doctor/overlays.ts";
import type { Finding } from "../../../../src/doctor/rule.ts";

const finding = (rule: string, file: string, name: string): Finding => ({
  rule,
  severity: "warning",
  confidence: "high",
  title: "",
  numbers: [],
  message: `${name} has one replica.`,
  impact: "",
  fix: "",
  places: [{ file, line: 3 }],
  edits: [],
  hasSeparatePlaces: true,
});

test("equal findings in several overlays of one base are merged into one finding with a place in each overlay", () => {
  const found = mergeOverlays([
    finding("budget-single-replica", "kubectl kustomize api/overlays/staging", "staging-api"),
    finding("budget-single-replica", "kubectl kustomize api/overlays/production", "production-api"),
    finding("budget-single-replica", "kubectl kustomize api/overlays/production", "production-jobs"),
    finding("budget-single-replica", "kubectl kustomize other/overlays/production", "production-api"),
    finding("budget-single-replica", "k8s/api.yaml", "api"),
  ]);
  assert.deepEqual(
    found.map(({ places }) => places.length),
    [2, 1, 1, 1],
  );
  assert.equal(found[0]?.message, "staging-api has one replica. Other overlays have the same problem.");
});

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { numbers } from "../support/broken-number-lines.ts";
import { pitfalls } from "../support/broken-pitfall-lines.ts";
import { diagnoseTexts, fileOf, rulesIn, type Texts } from "../support/diagnose.ts";
import { type Base, validBases } from "../support/valid-bases.ts";
import * as valid from "../support/valid-configs.ts";

const more = { "rules/api.yml": valid.prometheusRules };
const run = (base: Base, text: string) => {
  const { kind, alongside } = validBases[base];
  const texts: Texts = { ...alongside, [kind]: text };
  return diagnoseTexts(texts, more);
};

const broken = [...numbers, ...pitfalls];

suite("a valid configuration has no findings", () => {
  for (const [name, { text }] of Object.entries(validBases)) {
    test(name, () => {
      const { findings, notUnderstood, unreadable } = run(name as Base, text);
      assert.deepEqual(
        findings.map(({ rule, message }) => `${rule}: ${message}`),
        [],
      );
      assert.deepEqual(notUnderstood, []);
      assert.deepEqual(unreadable, []);
    });
  }
});

suite("one broken line is found by its rule, on that line", () => {
  for (const [rule, base, from, to, at = changedPart(from, to)] of broken) {
    test(`${base}: ${rule}: ${at.split("\n")[0]?.trim()}`, () => {
      const { kind, text } = validBases[base];
      assert.ok(text.includes(from), `the base has ${from}`);
      const index = text.indexOf(from);
      const changed = text.slice(0, index) + to + text.slice(index + from.length);
      const diagnosis = run(base, changed);
      assert.deepEqual(diagnosis.unreadable, []);
      const found = diagnosis.findings.filter((finding) => finding.rule === rule);
      assert.ok(found.length > 0, `found ${rulesIn(diagnosis).join(", ") || "nothing"}`);
      const file = rule === "budget-rate-window" && kind === "prometheus" ? "rules/api.yml" : fileOf(kind);
      const expectedLines = linesOf(
        kind === "prometheus" && file !== fileOf(kind) ? valid.prometheusRules : changed,
        file === fileOf(kind) ? at : "[1m]",
      );
      const reportedLines = found.flatMap(({ places }) =>
        places.filter((place) => place.file === file).map(({ line }) => line),
      );
      assert.ok(
        reportedLines.some((line) => expectedLines.includes(line)),
        `reported on ${reportedLines.join(", ")}, expected on ${expectedLines.join(", ")}`,
      );
    });
  }

  test("there are at least sixty broken lines", () => {
    assert.ok(broken.length >= 60);
  });
});

/** Returns the lines on which a piece of text starts. */
function linesOf(text: string, piece: string): number[] {
  const lines: number[] = [];
  for (let index = text.indexOf(piece); index !== -1; index = text.indexOf(piece, index + 1))
    lines.push(text.slice(0, index).split("\n").length);
  assert.ok(lines.length > 0, `"${piece}" is in the broken text`);
  return lines;
}

/** Returns the changed text, or the removed one if nothing replaces it. */
function changedPart(from: string, to: string): string {
  return to === "" ? from : to;
}

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Severity } from "../../../src/doctor/rule.ts";
import { diagnoseTexts, fileOf, type Texts } from "./diagnose.ts";

/** A realistic configuration, and its complete findings: each rule, the line it reports first, and the severity. */
export type RealisticConfig = {
  name: string;
  texts: Texts;
  more?: Readonly<Record<string, string>>;
  finds: readonly (readonly [rule: string, line: string, severity?: Severity])[];
  notUnderstood?: RegExp;
};

/**
 * Rules that report a missing setting. Small configurations leave out most settings, so other tests cover these rules.
 */
const presenceRules = new Set([
  "trap-compose-no-restart",
  "trap-platform-no-health-path",
  "budget-no-memory-limit",
  "budget-single-replica",
]);

export function suiteOfConfigs(title: string, configs: readonly RealisticConfig[]): void {
  suite(title, () => {
    for (const { name, texts, more = {}, finds, notUnderstood } of configs) {
      test(name, () => {
        const { findings, notUnderstood: notes, unreadable } = diagnoseTexts(texts, more);
        const found = findings
          .filter(({ rule }) => !presenceRules.has(rule))
          .map(({ rule, places: [place] }) => [rule, lineAt(place)]);
        assert.deepEqual(found.map(String).sort(), finds.map(([rule, line]) => String([rule, line])).sort());
        for (const [rule, , severity] of finds)
          if (severity !== undefined) assert.equal(findings.find((one) => one.rule === rule)?.severity, severity);
        assert.deepEqual(unreadable, []);
        const content = notes.map(({ text }) => text).join("\n");
        if (notUnderstood === undefined) assert.equal(content, "");
        else assert.match(content, notUnderstood);
      });

      function lineAt(place: { file: string; line: number } | undefined): string {
        const kind = Object.keys(texts).find((one) => fileOf(one as keyof Texts) === place?.file);
        const text = kind === undefined ? more[place?.file ?? ""] : texts[kind as keyof Texts];
        return text?.split("\n")[(place?.line ?? 0) - 1]?.trim() ?? `${place?.file}`;
      }
    }
  });
}

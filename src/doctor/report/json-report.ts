import type { Fixed } from "../gate/fixes.ts";
import type { GatedDiagnosis } from "../gate/gate.ts";
import type { Finding, UnknownSettings } from "../rule.ts";
import { numberText } from "./place-text.ts";

/** Returns a finding as one paragraph: the numbers with their places, the violation, the impact. */
export const detailOf = ({ numbers, message, impact }: Finding): string =>
  [numbers.length > 0 ? `${numbers.map(numberText).join("; ")}.` : "", message, impact]
    .filter((part) => part !== "")
    .join(" ");

/** Returns in one sentence which settings the rules need to judge a file. */
export const unknownSettingsText = ({ settings, rules }: UnknownSettings): string =>
  `not compared with ${settings.join(", ")}, which no file sets: give them with --settings or a mapping (${rules.join(", ")} would fail with the defaults of Haven)`;

export function jsonReport(
  { findings, unknownSettings, notUnderstood, unreadable, ignored }: GatedDiagnosis,
  fixed: readonly Fixed[],
): string {
  const report = {
    findings: findings.map((finding) => ({
      rule: finding.rule,
      severity: finding.severity,
      confidence: finding.confidence,
      title: finding.title,
      detail: detailOf(finding),
      fix: finding.fix,
      locations: finding.places.map(({ file, line }) => ({ file, line })),
    })),
    ignored: ignored.map(({ finding, by, reason }) => ({
      rule: finding.rule,
      by,
      reason,
      locations: finding.places.map(({ file, line }) => ({ file, line })),
    })),
    fixed: fixed.map(({ rule, file, line }) => ({ rule, file, line })),
    unknownSettings: unknownSettings.map(({ file, line, settings, rules }) => ({ file, line, settings, rules })),
    notUnderstood: [...unreadable, ...notUnderstood].map(({ file, line, text }) => ({ file, line, text })),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

import type { Diagnosis } from "../diagnose.ts";
import type { Finding } from "../rule.ts";
import { numberText } from "./place-text.ts";

/** A finding as one paragraph: the numbers with their places, the violation, the impact. */
export const detailOf = ({ numbers, message, impact }: Finding): string =>
  [numbers.length > 0 ? `${numbers.map(numberText).join("; ")}.` : "", message, impact]
    .filter((part) => part !== "")
    .join(" ");

/** Unreadable files come first in notUnderstood. */
export function jsonReport({ findings, notUnderstood, unreadable }: Diagnosis): string {
  const report = {
    findings: findings.map((finding) => ({
      rule: finding.rule,
      severity: finding.severity,
      title: finding.title,
      detail: detailOf(finding),
      fix: finding.fix,
      locations: finding.places.map(({ file, line }) => ({ file, line })),
    })),
    notUnderstood: [...unreadable, ...notUnderstood].map(({ file, line, text }) => ({ file, line, text })),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

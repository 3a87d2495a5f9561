import type { GatedDiagnosis } from "../gate/gate.ts";
import { detailOf, unknownSettingsText } from "./json-report.ts";
import { placeText } from "./place-text.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ").replaceAll("<", "&lt;");

/** Returns a comment for a pull request. */
export function markdownReport({ findings, unknownSettings, unreadable, ignored }: GatedDiagnosis): string {
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const head = `### haven doctor: ${errors} errors, ${findings.length - errors} warnings`;
  const rows = findings.map(
    (finding) =>
      `| ${finding.severity} | \`${finding.rule}\` | ${cell(finding.places.slice(0, 3).map(placeText).join(", "))} | ${cell(`${finding.title}. ${detailOf(finding)}`)} | ${cell(finding.fix)} |`,
  );
  const table =
    rows.length === 0 ? [] : ["| | rule | place | finding | fix |\n| --- | --- | --- | --- | --- |", ...rows];
  const notes = [
    ...unreadable.map(({ file, text }) => `- \`${file}\` ${cell(text)}`),
    ...unknownSettings.map((one) => `- \`${one.file}\` ${cell(unknownSettingsText(one))}`),
    ...(ignored.length === 0 ? [] : [`- ${ignored.length} ignored`]),
  ];
  return `${[head, ...(table.length === 0 ? [] : [table.join("\n")]), ...(notes.length === 0 ? [] : [notes.join("\n")])].join("\n\n")}\n`;
}

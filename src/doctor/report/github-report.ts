import type { GatedDiagnosis } from "../gate/gate.ts";
import { detailOf } from "./json-report.ts";
import { filePlace, isFile } from "./place-text.ts";

const escapeText = (text: string): string =>
  text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const escapeProperty = (text: string): string => escapeText(text).replaceAll(":", "%3A").replaceAll(",", "%2C");

/** Workflow commands of GitHub Actions: one annotation for each finding. */
export function githubReport({ findings, unreadable }: GatedDiagnosis): string {
  const lines = [
    ...unreadable.map(({ file, line, text }) => workflowCommand("error", { file, line }, "Could not be read", text)),
    ...findings.map((finding) => {
      const place = finding.places.map(filePlace).find(isFile) ?? { file: "", line: 1 };
      return workflowCommand(
        finding.severity,
        place,
        `${finding.rule}: ${finding.title}`,
        `${detailOf(finding)} ${finding.fix}`,
      );
    }),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function workflowCommand(
  level: "error" | "warning",
  { file, line }: { file: string; line: number },
  title: string,
  text: string,
): string {
  const place = file === "" ? "" : `file=${escapeProperty(file)},line=${line},`;
  return `::${level} ${place}title=${escapeProperty(title)}::${escapeText(text)}`;
}

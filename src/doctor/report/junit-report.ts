import type { GatedDiagnosis } from "../gate/gate.ts";
import type { FailOn } from "../gate/gate-config.ts";
import type { Finding } from "../rule.ts";
import { detailOf } from "./json-report.ts";
import { placeText } from "./place-text.ts";

/** Escapes a text for XML, and removes the characters that XML forbids. */
const escapeXml = (text: string): string =>
  text
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/g, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");

export const failsWith = ({ severity }: Finding, failOn: FailOn): boolean =>
  failOn === "warning" || (failOn === "error" && severity === "error");

/** JUnit XML: a suite for each file, and a failure for each finding that fails the run. */
export function junitReport({ findings, unreadable, ignored }: GatedDiagnosis, failOn: FailOn): string {
  const cases = [
    ...findings.map((finding) => ({
      file: fileOf(finding),
      failed: failsWith(finding, failOn),
      xml: caseOf(finding, failOn),
    })),
    ...ignored.map(({ finding, reason }) => ({
      file: fileOf(finding),
      failed: false,
      xml: `    <testcase classname="${escapeXml(fileOf(finding))}" name="${finding.rule}"><skipped message="${escapeXml(reason)}"/></testcase>`,
    })),
    ...unreadable.map(({ file, text }) => ({
      file,
      failed: true,
      xml: `    <testcase classname="${escapeXml(file)}" name="readable"><failure message="${escapeXml(text)}"/></testcase>`,
    })),
  ];
  const suites = [...Map.groupBy(cases, ({ file }) => file)].map(([file, fileCases]) => {
    const failures = fileCases.filter(({ failed }) => failed).length;
    return [
      `  <testsuite name="${escapeXml(file)}" tests="${fileCases.length}" failures="${failures}">`,
      ...fileCases.map(({ xml }) => xml),
      "  </testsuite>",
    ].join("\n");
  });
  const failures = cases.filter(({ failed }) => failed).length;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="haven doctor" tests="${cases.length}" failures="${failures}">\n${suites.map((suite) => `${suite}\n`).join("")}</testsuites>\n`;
}

const fileOf = ({ places }: Finding): string => places[0]?.file ?? "";

function caseOf(finding: Finding, failOn: FailOn): string {
  const [first] = finding.places;
  const name = `${finding.rule} ${first === undefined ? "" : placeText(first)}`.trim();
  const text = escapeXml(`${finding.title}. ${detailOf(finding)} ${finding.fix}`);
  const inner = failsWith(finding, failOn)
    ? `<failure type="${finding.severity}" message="${escapeXml(finding.title)}">${text}</failure>`
    : `<system-out>${text}</system-out>`;
  return `    <testcase classname="${escapeXml(fileOf(finding))}" name="${escapeXml(name)}">${inner}</testcase>`;
}

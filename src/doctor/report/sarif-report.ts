import type { Place } from "../facts/config-values.ts";
import type { GatedDiagnosis } from "../gate/gate.ts";
import type { Finding } from "../rule.ts";
import { allRules } from "../rules/all-rules.ts";
import { detailOf, unknownSettingsText } from "./json-report.ts";
import { filePlace, isFile } from "./place-text.ts";

/** SARIF 2.1.0 for code scanning. */
export function sarifReport(
  { findings, unknownSettings, notUnderstood, unreadable, ignored }: GatedDiagnosis,
  version: string,
): string {
  const report = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "haven doctor",
            semanticVersion: version,
            rules: allRules.map(({ id, title, impact, fix, severity }) => ({
              id,
              shortDescription: { text: title },
              fullDescription: { text: impact },
              help: { text: fix },
              defaultConfiguration: { level: severity },
            })),
          },
        },
        results: [
          ...findings.map(resultOf),
          ...ignored.map(({ finding, by, reason }) => ({
            ...resultOf(finding),
            suppressions: [{ kind: by === "comment" ? "inSource" : "external", justification: reason }],
          })),
        ],
        invocations: [
          {
            executionSuccessful: unreadable.length === 0,
            toolExecutionNotifications: [
              ...unreadable.map((note) => notification("error", note)),
              ...notUnderstood.map((note) => notification("note", note)),
              ...unknownSettings.map((one) => notification("note", { ...one, text: unknownSettingsText(one) })),
            ],
          },
        ],
        columnKind: "utf16CodeUnits",
      },
    ],
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** Code scanning requires a place for each result. The first place of a finding is where the fix starts. */
function resultOf(finding: Finding) {
  const [first, ...others] = locationsOrFirst(finding.places);
  return {
    ruleId: finding.rule,
    ruleIndex: allRules.findIndex(({ id }) => id === finding.rule),
    level: finding.severity,
    rank: finding.confidence === "high" ? 90 : 50,
    message: { text: `${finding.title}. ${detailOf(finding)} ${finding.fix}` },
    locations: first === undefined ? [] : [first],
    relatedLocations: others.map((location, index) => ({ id: index + 1, ...location })),
  };
}

const notification = (level: "error" | "note", { text, ...place }: Place & { text: string }) => ({
  level,
  message: { text: `${place.file}:${place.line} ${text}` },
  locations: locations([place]),
});

const locations = (places: readonly Place[]) => places.map(filePlace).filter(isFile).map(toLocation);

/** Returns the places that are in files. If there are none, returns the first place, because each result needs one. */
const locationsOrFirst = (places: readonly Place[]) => {
  const found = locations(places);
  return found.length > 0 ? found : places.slice(0, 1).map(toLocation);
};

const toLocation = ({ file, line }: Place) => ({
  physicalLocation: {
    artifactLocation: { uri: file.replaceAll("\\", "/").split("/").map(encodeURIComponent).join("/") },
    region: { startLine: Math.max(1, line) },
  },
});

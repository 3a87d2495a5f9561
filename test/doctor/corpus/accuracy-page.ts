import { allRules } from "../../../src/doctor/rules/all-rules.ts";
import { allPlanted } from "../planted/all-planted.ts";
import { judge, type Outcome } from "../planted/planted.ts";
import { byRule, configurations, count, errorsOf, findingsIn, type Judged, precision, sets } from "./accuracy.ts";

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [head, head.map((_, index) => (index === 0 ? "---" : "---:")), ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");

const verdictsOf = (findings: readonly Judged[]) => [
  findings.length,
  count(findings, "useful"),
  count(findings, "noise"),
  count(findings, "default"),
  count(findings, "false"),
  percent(precision(findings)),
];

function setRows() {
  const rows = sets.flatMap((set) => {
    const configurationsOfSet = configurations.filter((configuration) => configuration.set === set);
    const findings = findingsIn(set);
    return [
      [`${set} (${configurationsOfSet.length})`, "all", ...verdictsOf(findings)],
      ["", "errors", ...verdictsOf(errorsOf(findings))],
    ];
  });
  const all = findingsIn();
  return [
    ...rows,
    [`together (${configurations.length})`, "all", ...verdictsOf(all)],
    ["", "errors", ...verdictsOf(errorsOf(all))],
  ];
}

const ruleRows = () =>
  [...byRule()]
    .sort(([a, first], [b, second]) => second.length - first.length || (a < b ? -1 : 1))
    .map(([rule, findings]) => [`\`${rule}\``, ...verdictsOf(findings)]);

const wrongFindings = () =>
  configurations.flatMap(({ repository, findings }) =>
    findings
      .filter(({ verdict }) => verdict === "false")
      .map(
        ({ rule, file, why }) => `- \`${rule}\` in ${repository}, \`${file}\`${why === undefined ? "" : `: ${why}`}`,
      ),
  );

function plantedRows(outcomes: readonly Outcome[]) {
  const row = (name: string, outcomesOfKind: readonly Outcome[]) => {
    const found = outcomesOfKind.filter((outcome) => outcome.found).length;
    const alarms = outcomesOfKind.filter(({ falseAlarms }) => falseAlarms.length > 0).length;
    return [
      name,
      outcomesOfKind.length,
      found,
      percent(found / outcomesOfKind.length),
      alarms,
      percent(alarms / outcomesOfKind.length),
    ];
  };
  return [
    ...[...Map.groupBy(outcomes, ({ base }) => base.kind)].map(([kind, outcomesOfKind]) => row(kind, outcomesOfKind)),
    row("together", outcomes),
  ];
}

const verdictHead = ["findings", "true and useful", "true, but noise", "rests on defaults", "false", "precision"];

export const accuracyPage = (): string => `# How often the doctor is right

This page is computed by \`npm run doctor-page\` from the verdicts in \`test/doctor/corpus/verdicts.json\` and the planted
faults in \`test/doctor/planted/\`. A test fails if the page differs from them.

## Public configurations

The doctor read ${configurations.length} public configurations without options. They are named by repository, path and commit; their
texts are not stored. Each finding has a verdict:

- true and useful: the statement is right, and the owner would want to change the file.
- true, but noise: the statement is right, and the file is a demo, a test or a development set-up, or the change is minor.
- rests on defaults: the finding compares a number with a default of Haven, which says nothing about another application.
- false: the statement is wrong for this configuration.

Precision is the share of findings that are true, useful or not.

${table(["set (configurations)", "severity", ...verdictHead], setRows())}

The limits of these figures:

- The first three sets were read while the rules were corrected. Their precision shows only that known mistakes are gone,
  not how well the doctor reads new files.
- The held-out set was read after these corrections. Then two things changed: a missing readiness probe is an error only
  if traffic from outside reaches the pods, and a finding in several overlays of one base counts once. These changes
  affected severities and repetitions in the held-out set, and removed no false finding from it.
- The last set was chosen and read after these two changes. No rule has changed since, so you can expect its precision.
- The held-out set and the last set are small. Of the ${findingsIn("last").length} findings in the last set ${count(findingsIn("last"), "false")} are false. None of its ${errorsOf(findingsIn("last")).length} errors is false; with so few errors,
  a share of false errors up to ${percent(1 - 0.05 ** (1 / errorsOf(findingsIn("last")).length))} is possible (95 % confidence).
- The authors of the rules judged the findings from the files alone, without asking the owners of the configurations.
- Precision says little about value: ${percent(count(findingsIn("last"), "useful") / findingsIn("last").length)} of the findings in the last set are useful. Many of its configurations
  are exercises and demonstrations, where the verdict is noise.
- Faults that the doctor missed in these configurations were not counted. Recall, the share of faults that the
  doctor finds, comes from planted faults alone.

The findings judged false:

${wrongFindings().join("\n")}

## Planted faults

Each fault is one change to a valid base, and each has a twin, in which the same place is changed in a valid way. \`nginx\`, \`haproxy\`,
\`promtool\` and \`kubectl\` accept the bases of their kinds. A fault counts as found if its own rule reports it. A twin counts
as a false alarm if any rule reports anything.

${table(["kind", "faults", "found", "recall", "false alarms on twins", "share"], plantedRows(allPlanted().map(judge)))}

The authors of the rules also wrote these faults, so the recall on the faults of other people is lower.

## Rules that are off by default

A rule whose precision on the public configurations is under 70 % is off by default. Rules that are right but seldom
useful are off by default too:

${allRules.flatMap(({ id, offByDefault }) => (offByDefault === undefined ? [] : [`- \`${id}\`: ${offByDefault}`])).join("\n")}

## Each rule on the public configurations

Rules without a finding are not listed.

${table(["rule", ...verdictHead], ruleRows())}
`;

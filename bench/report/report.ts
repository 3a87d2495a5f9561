import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { changesSince, readReport } from "./changes-since.ts";
import { drawChart } from "./chart.ts";
import { type Claim, figure, figuresOf, holds, type Outcome, type Scenario } from "./outcome.ts";
import { wrapMarkdown } from "./wrap-markdown.ts";

export type Measured = { scenario: Scenario; outcome: Outcome };

export type RunInfo = { machine: string; commit: string; minutes: number; pinned: boolean; day: string };

/** The folder of the plots, relative to the report. */
export const images = "images/performance";

export function writeReport(file: string, all: readonly Measured[], runInfo: RunInfo): void {
  const place = join(dirname(file), images);
  for (const { outcome } of all) {
    for (const chart of outcome.charts) writeFileSync(join(place, `${chart.name}.svg`), drawChart(chart));
  }
  writeFileSync(file, reportOf(all, runInfo, existsSync(file) ? readFileSync(file, "utf8") : ""));
}

export function reportOf(all: readonly Measured[], runInfo: RunInfo, lastReport = ""): string {
  const last = readReport(lastReport);
  const ofScenarios = all.flatMap(({ scenario: { changed }, outcome }) =>
    outcome.claims.map((claim) => ({ claim, changed })),
  );
  const claims = all.flatMap(({ outcome }) => outcome.claims);
  return wrapMarkdown(
    `${[
      "# Performance",
      ...(last === undefined ? [] : [changesSince(last, ofScenarios)]),
      intro(runInfo),
      ["| measurement | bound | median | range | result |", "| --- | --- | --- | --- | --- |", ...claims.map(row)].join(
        "\n",
      ),
      verdict(claims),
      ...all.map(section),
    ].join("\n\n")}\n`,
  );
}

const intro = ({ machine, commit, minutes, pinned, day }: RunInfo): string =>
  `This page is written by \`npm run bench\`: commit ${commit}, ${day}, ${Math.round(minutes)} minutes. It compares Haven with
other servers that do the same work, or with itself under another load. The bound is what Haven should reach.

- **Machine**: ${machine}. ${
    pinned
      ? "The servers run on one core, and only one of them gets requests at a time; the load generator, Postgres and Redis share another core."
      : "The server shares its core with other processes on this machine, so the figures are rough."
  }
- **Rounds**: the servers take turns in each round, and each round begins with another server. The first round is a warm-up and is
  not counted. A ratio is computed within one round, because a slow moment of the machine affects both servers of that round.
- **Haven** runs compiled, with production settings and the access log on. Load shedding and the limit of sign-ins are off.
- **The other servers** are in \`bench/peers/\`, each as short as the example in its own README.
- **Load** comes from wrk with 16 kept-alive connections (4 for the pages of a list), or at a constant rate where the text says so.
  Before each round, each server has to answer 200; an error in any response ends the run.`;

const row = (claim: Claim): string => {
  const { what, bound, measured, unit } = claim;
  const written = figuresOf(claim);
  const cells = [
    what,
    `${bound.kind} ${figure(bound.value, unit)}`,
    `**${written(measured.median)}**`,
    `${figure(measured.min, unit)} to ${figure(measured.max, unit)}`,
    holds(claim) ? "holds" : "**falls short**",
  ];
  return `| ${cells.join(" | ")} |`;
};

function verdict(claims: readonly Claim[]): string {
  const short = claims.filter((claim) => !holds(claim));
  if (short.length === 0) return "Every bound holds.";
  const each = short.map((claim) => {
    const { what, bound, measured, because = "" } = claim;
    const written = figuresOf(claim);
    const missing = written(Math.abs(measured.median - bound.value));
    return `- ${what}: ${written(measured.median)}, ${missing} short of ${written(bound.value)}. ${because}`.trim();
  });
  return ["Bounds that are not met:", "", ...each].join("\n");
}

function section({ scenario, outcome }: Measured): string {
  const plots = outcome.charts.map(({ name, title }) => `![${title}](${images}/${name}.svg)`);
  return [`## ${scenario.title}`, ...plots, scenario.why, ...outcome.notes].join("\n\n");
}

import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { drawChart } from "./chart.ts";
import { type Claim, figure, figuresOf, holds, type Outcome, type Scenario } from "./outcome.ts";
import { wrapMarkdown } from "./wrap-markdown.ts";

export type Measured = { scenario: Scenario; outcome: Outcome };

export type Circumstances = { machine: string; commit: string; minutes: number; pinned: boolean; day: string };

/** Where the plots are, beside the report. */
export const images = "images/performance";

export function writeReport(file: string, all: readonly Measured[], circumstances: Circumstances): void {
  const place = join(dirname(file), images);
  for (const { outcome } of all) {
    for (const chart of outcome.charts) writeFileSync(join(place, `${chart.name}.svg`), drawChart(chart));
  }
  writeFileSync(file, reportOf(all, circumstances));
}

export function reportOf(all: readonly Measured[], circumstances: Circumstances): string {
  const claims = all.flatMap(({ outcome }) => outcome.claims);
  return wrapMarkdown(
    `${[
      "# How fast it is",
      intro(circumstances),
      ["| what | bound | median | least to most | |", "| --- | --- | --- | --- | --- |", ...claims.map(row)].join("\n"),
      verdict(claims),
      ...all.map(section),
    ].join("\n\n")}\n`,
  );
}

const intro = ({ machine, commit, minutes, pinned, day }: Circumstances): string =>
  `Written by \`npm run bench\`, and by nothing else: commit ${commit}, ${day}, ${Math.round(minutes)} minutes.

Machine: ${machine}. ${
    pinned
      ? "The servers have one core, and only one of them gets requests at a time; the load, Postgres and Redis share another."
      : "This machine gave the server no core of its own: the figures are rough."
  } Contenders take turns, round by round, each round beginning with another one, after a round that only warms up. A ratio is taken
within one round, because a machine that is slow for a moment is slow for both. Haven runs compiled, with the settings of
production, its access log on, its shedding and its limit of sign-ins off. The others are in \`bench/peers/\`, as short as their own README shows them; the load comes
from wrk with 16 kept-alive connections (4 for the pages of a list), or at a steady rate where the text says so. Each
contender is looked at before each round and has to answer 200; an error in any answer ends the run.`;

const row = (claim: Claim): string => {
  const { what, bound, measured, unit } = claim;
  const written = figuresOf(claim);
  const cells = [
    what,
    `${bound.kind} ${figure(bound.value, unit)}`,
    `**${written(measured.median)}**`,
    `${figure(measured.least, unit)} to ${figure(measured.most, unit)}`,
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
    return `- ${what}: ${written(measured.median)}, ${missing} away from ${written(bound.value)}. ${because}`.trim();
  });
  return ["What falls short, and by how much:", "", ...each].join("\n");
}

function section({ scenario, outcome }: Measured): string {
  const plots = outcome.charts.map(({ name, title }) => `![${title}](${images}/${name}.svg)`);
  return [`## ${scenario.title}`, ...plots, scenario.why, ...outcome.notes].join("\n\n");
}

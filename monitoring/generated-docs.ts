import {
  alertsWithThreshold,
  bucketOf,
  burnRatesOf,
  formatCondition,
  formatObjective,
  type Objective,
} from "./thresholds.ts";

/** Returns the runbook with the threshold of each alert in a line below the heading of the alert. */
export function withThresholds(runbook: string): string {
  const withoutThresholds = runbook.replaceAll(/^(## \w+\n\n)Threshold: .*\n\n/gm, "$1");
  return alertsWithThreshold().reduce(
    (text, alert) => text.replace(`## ${alert}\n\n`, `## ${alert}\n\nThreshold: ${formatCondition(alert)}.\n\n`),
    withoutThresholds,
  );
}

/** Returns the page about monitoring with the objectives between its two markers. */
export const withObjectives = (page: string): string =>
  page.replace(
    /(<!-- objectives -->\n)[\s\S]*?(<!-- end of objectives -->)/,
    (_, begin, end) => begin + objectives() + end,
  );

const objectives = (): string => `
- **availability**: ${formatObjective("availability")} of the requests are not answered with a 5xx.
- **latency**: ${formatObjective("latency")} of the answers, streams aside, take at most ${bucketOf("job:slo_latency_errors:ratio_rate1h")} s.

| alert | severity | burn rate: how many times faster than allowed the 30-day budget is spent |
| --- | --- | --- |
${[...rowsOf("availability"), ...rowsOf("latency")].join("\n")}

`;

const rowsOf = (objective: Objective): readonly string[] => {
  const name = objective === "availability" ? "AvailabilityBudget" : "LatencyBudget";
  return [
    `| ${name}BurnsFast | critical | ${formatBurnRates(`${name}BurnsFast`)} |`,
    `| ${name}BurnsSlowly | warning | ${formatBurnRates(`${name}BurnsSlowly`)} |`,
  ];
};

const formatBurnRates = (alert: string): string =>
  burnRatesOf(alert)
    .map(({ window, rate }) => `${rate} over ${window}`)
    .join(", or ");

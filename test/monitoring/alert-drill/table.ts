import { readFileSync, writeFileSync } from "node:fs";
import { cases } from "./cases/all.ts";
import type { Measured } from "./follow-runbook.ts";
import { pageUrl } from "./page.ts";

const between = /(<!-- measured -->\n)([\s\S]*?)(<!-- end of measured -->)/;

const head = `### Alert drills: from the alert to its cause

Each alert in this table was caused on purpose, on a running set-up: three instances, Postgres, Redis, NGINX or HAProxy, a
mail server, Prometheus, Alertmanager and the exporters. When the alert was pending, the commands of its section, and of
the sections that its findings lead to, were run as written here. \`npm run alert-drill\` repeats the drills and writes this
table.

- **Counted:** the time of the commands, and the time to read the section until the finding, and all of the output, at 200
  words a minute. The reading is computed, not measured with a person.
- **Not counted:** the time to open the page, to set the definitions above, and to paste a block.
- **Different from production:** the instances are processes without containers, so the commands of Compose and Kubernetes
  printed nothing. Prometheus scrapes every second, and windows are 15 s instead of minutes, so that alerts are soon pending.
- **Already pending before the fault,** so that the drill shows the search for the cause, but not that the fault raises the
  alert: ${cases
    .filter(({ pendingBeforeFault }) => pendingBeforeFault)
    .map(({ alert }) => alert)
    .join(", ")}.

| alert | fault | seconds to the cause | of these, commands | the output that names it |
| --- | --- | --- | --- | --- |
`;

/** Writes the measured rows into the runbook. The rows of other alerts do not change. */
export function writeTable(measured: readonly Measured[]): void {
  const page = readFileSync(pageUrl, "utf8");
  const rows = new Map((between.exec(page)?.[2] ?? "").split("\n").flatMap((row) => rowOf(row)));
  for (const drill of measured) rows.set(drill.alert, format(drill));
  const sorted = [...rows].sort(([a], [b]) => page.indexOf(`\n## ${a}\n`) - page.indexOf(`\n## ${b}\n`));
  const alertsWithoutDrill = sectionsOf(page).filter((alert) => !rows.has(alert));
  const missing = alertsWithoutDrill.length === 0 ? "" : `Without a drill yet: ${alertsWithoutDrill.join(", ")}.\n\n`;
  const table = `${head}${sorted.map(([, row]) => row).join("\n")}\n\n${missing}`;
  writeFileSync(
    pageUrl,
    page.replace(between, (_, begin, __, end) => begin + table + end),
  );
}

/** Returns the alert of a row of the table, and the row. */
const rowOf = (row: string): [alert: string, row: string][] => {
  const [, alert] = /^\| ([A-Z]\w+) \|/.exec(row) ?? [];
  return alert === undefined ? [] : [[alert, row]];
};

const sectionsOf = (page: string): readonly string[] =>
  [...page.matchAll(/^## (\w+)$/gm)].map(([, title]) => title ?? "");

/** Returns the alerts that the page lists as without a drill. */
export const withoutDrill = (page: string): readonly string[] =>
  /^Without a drill yet: (.*)\.$/m.exec(page)?.[1]?.split(", ") ?? [];

const format = ({ alert, fault, commandSeconds, readingSeconds, line }: Measured): string => {
  const cells = [alert, fault, Math.ceil(commandSeconds + readingSeconds), commandSeconds.toFixed(1)];
  return `| ${[...cells, `\`${shorten(line)}\``].join(" | ")} |`;
};

const maxLength = 90;

const shorten = (line: string): string => {
  const plain = line.replaceAll(/\s+/g, " ").replaceAll("|", "¦").replaceAll("`", "'");
  return plain.length > maxLength ? `${plain.slice(0, maxLength)}…` : plain;
};

/** Returns the seconds from each alert until its cause was found, as the table of the page states them. */
export function measuredTimes(page: string): ReadonlyMap<string, number> {
  const rows = (between.exec(page)?.[2] ?? "").split("\n").flatMap((row) => rowOf(row));
  return new Map(rows.map(([alert, row]) => [alert, Number(row.split(" | ")[2])]));
}

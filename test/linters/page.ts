import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Finding, root } from "./findings.ts";

/** One row of docs/linters.md: why findings of one rule are accepted. */
export type Explanation = { linter: string; rule: string; where: readonly string[]; reason: string };

export const readPage = () => readFileSync(join(root, "docs/linters.md"), "utf8");

/** Returns the version of each linter, from the headings `## NAME VERSION` of the page. */
export const versionsOf = (page: string): ReadonlyMap<string, string> =>
  new Map([...page.matchAll(/^## ([\w-]+) ([\d.]+)$/gm)].map(([, name = "", version = ""]) => [name, version]));

/** Reads the tables below the headings. A row is `| RULE and what it says | where | reason |`. */
export function explanationsOf(page: string): readonly Explanation[] {
  return page.split(/^## /m).flatMap((section) => {
    const [linter = ""] = section.split(" ", 1);
    const rows = [...section.matchAll(/^\| `([^`]+)`([^|]*)\|([^|]*)\|([^|]*)\|$/gm)];
    return rows.map(([, rule = "", , where = "", reason = ""]) => ({
      linter,
      rule,
      where: [...where.matchAll(/`([^`]+)`/g)].map(([, one = ""]) => one),
      reason: reason.trim(),
    }));
  });
}

/** Returns the faults of the page: findings without an explanation, and explanations without a finding. */
export function faultsOf(
  linter: string,
  findings: readonly Finding[],
  explanations: readonly Explanation[],
): readonly string[] {
  const ofLinter = explanations.filter((one) => one.linter === linter);
  const explains = ({ rule, where }: Finding) => ofLinter.some((one) => one.rule === rule && one.where.includes(where));
  const unexplained = findings
    .filter((finding) => !explains(finding))
    .map(({ rule, where, message }) => `${linter} ${rule} ${where}: ${message}`);
  const unneeded = ofLinter.flatMap(({ rule, where }) =>
    where
      .filter((one) => !findings.some((finding) => finding.rule === rule && finding.where === one))
      .map((one) => `docs/linters.md explains ${linter} ${rule} ${one}, which is not reported`),
  );
  return [...unexplained, ...unneeded];
}

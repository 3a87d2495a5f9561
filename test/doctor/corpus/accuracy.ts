import { readFileSync } from "node:fs";
import type { Confidence, Severity } from "../../../src/doctor/rule.ts";

// The verdicts on the findings in public configurations. The configurations themselves are not stored: repository, path
// and commit identify them.

export const sets = ["first", "second", "third", "held out", "last"] as const;

export type Verdict = "useful" | "noise" | "default" | "false";

export type Judged = {
  rule: string;
  severity: Severity;
  confidence: Confidence;
  file: string;
  line: number;
  verdict: Verdict;
  why?: string;
};

export type Configuration = {
  set: (typeof sets)[number];
  repository: string;
  path: string;
  commit: string;
  findings: readonly Judged[];
};

export const configurations: readonly Configuration[] = JSON.parse(
  readFileSync(new URL("verdicts.json", import.meta.url), "utf8"),
).configurations;

export const findingsIn = (set?: Configuration["set"]): Judged[] =>
  configurations.filter((configuration) => set === undefined || configuration.set === set).flatMap((c) => c.findings);

export const errorsOf = (findings: readonly Judged[]): Judged[] =>
  findings.filter(({ severity }) => severity === "error");

export const count = (findings: readonly Judged[], ...verdicts: Verdict[]): number =>
  findings.filter(({ verdict }) => verdicts.includes(verdict)).length;

/** Returns the share of the findings whose statement about the configuration is true, whether or not it is useful. */
export const precision = (findings: readonly Judged[]): number =>
  findings.length === 0 ? 1 : count(findings, "useful", "noise") / findings.length;

export const byRule = (): Map<string, Judged[]> => Map.groupBy(findingsIn(), ({ rule }) => rule);

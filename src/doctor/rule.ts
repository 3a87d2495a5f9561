import type { ConfigNumber, Place } from "./facts/config-values.ts";
import type { Deployment } from "./facts/deployment.ts";

export type Severity = "error" | "warning";

/** A rule. docs/doctor.md is generated from it, and the tests run its example. */
export type Rule = {
  /** Starts with the name of its family. */
  id: string;
  severity: Severity;
  /** The headline of a finding. */
  title: string;
  /** What users experience while the rule is violated. */
  impact: string;
  /** What has to hold. */
  condition: string;
  fix: string;
  example: Example;
  find(deployment: Deployment): readonly Violation[];
};

export type FileKind = "nginx" | "haproxy" | "kubernetes" | "compose" | "alb" | "render" | "railway" | "prometheus";

/** Two small files that differ only in what the rule checks, and the files read with them. */
export type Example = {
  kind: FileKind | "settings" | "live";
  broken: string;
  fixed: string;
  alongside?: Partial<Record<FileKind | "settings", string>>;
};

export type Violation = {
  /** The numbers that disagree, starting with the one to look at first. */
  numbers?: readonly ConfigNumber[];
  /** The places of a violation that involves no number. */
  places?: readonly Place[];
  /** What does not hold. */
  message: string;
  severity?: Severity;
  title?: string;
  fix?: string;
};

export type Finding = {
  rule: string;
  severity: Severity;
  title: string;
  numbers: readonly ConfigNumber[];
  message: string;
  impact: string;
  fix: string;
  places: readonly Place[];
};

const placeKey = ({ file, line }: Place): string => `${file}:${line}`;

/** Runs the rules. Violations of a rule at the same places are reported once, also if several deployments share them. */
export function runRules(rules: readonly Rule[], deployments: readonly Deployment[]): Finding[] {
  const findings = new Map<string, Finding>();
  for (const deployment of deployments) {
    for (const rule of rules) {
      for (const violation of rule.find(deployment)) {
        const { numbers = [], severity = rule.severity, title = rule.title, fix = rule.fix } = violation;
        const message = violation.message.replace(/^the /, "The ");
        const allPlaces = [...(violation.places ?? []), ...numbers.map(({ at }) => at)];
        const places = [...Map.groupBy(allPlaces, placeKey).values()].flatMap(([first]) => first ?? []);
        const finding = { rule: rule.id, severity, title, numbers, message, impact: rule.impact, fix, places };
        const findingKey = `${rule.id} ${places.map(placeKey).join(" ")}`;
        if (!findings.has(findingKey)) findings.set(findingKey, finding);
      }
    }
  }
  const rank = { error: 0, warning: 1 };
  return [...findings.values()].sort((a, b) => rank[a.severity] - rank[b.severity]);
}

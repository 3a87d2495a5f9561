import type { ConfigNumber, Place } from "./facts/config-values.ts";
import type { Deployment } from "./facts/deployment.ts";

export type Severity = "error" | "warning";

/**
 * How certain a finding is. High: the finding follows from the files and from documented behaviour. Medium: the finding
 * also depends on an assumption that is nearly always right, such as which container runs the application.
 */
export type Confidence = "high" | "medium";

/** A rule. docs/doctor.md is generated from it, and the tests run its example. */
export type Rule = {
  /** Starts with the name of its family. */
  id: string;
  severity: Severity;
  confidence?: Confidence;
  /** Why the rule only runs where a configuration turns it on. */
  offByDefault?: string;
  /** The headline of a finding. */
  title: string;
  /** What users experience while the rule is violated. */
  impact: string;
  /** The condition that has to hold. */
  condition: string;
  fix: string;
  example: Example;
  find(deployment: Deployment): readonly Violation[];
};

export type FileKind =
  | "nginx"
  | "haproxy"
  | "kubernetes"
  | "compose"
  | "alb"
  | "render"
  | "railway"
  | "prometheus"
  | "pgbouncer";

/** Two small files that differ only in what the rule checks, and the files read with them. */
export type Example = {
  kind: FileKind | "settings" | "live";
  broken: string;
  fixed: string;
  alongside?: Partial<Record<FileKind | "settings", string>>;
};

/** A change of one line that removes a finding: the text on that line and its replacement. */
export type Edit = { at: Place; from: string; to: string };

/** For each rule id: whether the rule is on, or the severity of its findings. */
export type RuleLevels = Readonly<Record<string, "on" | "off" | Severity>>;

export type Violation = {
  /** The numbers that disagree, starting with the one to look at first. */
  numbers?: readonly ConfigNumber[];
  /** The places of a violation that involves no number. */
  places?: readonly Place[];
  /** The violated condition. */
  message: string;
  severity?: Severity;
  confidence?: Confidence;
  title?: string;
  fix?: string;
  /** The versions of the program for which the finding holds; set if the version is not known. */
  affectedVersions?: string;
  edits?: readonly Edit[];
  /** True if a comment may ignore one place and keep the finding for the other places. */
  hasSeparatePlaces?: boolean;
};

export type Finding = {
  rule: string;
  severity: Severity;
  confidence: Confidence;
  title: string;
  numbers: readonly ConfigNumber[];
  message: string;
  impact: string;
  fix: string;
  places: readonly Place[];
  edits: readonly Edit[];
  hasSeparatePlaces: boolean;
};

/** Settings that no file sets, and the rules that cannot judge the file without them. */
export type UnknownSettings = Place & { settings: readonly string[]; rules: readonly string[] };

const placeKey = ({ file, line }: Place): string => `${file}:${line}`;

/** Violations of a rule at the same places are reported once, also if several deployments share them. */
export function runRules(
  rules: readonly Rule[],
  deployments: readonly Deployment[],
): { findings: Finding[]; unknownSettings: UnknownSettings[] } {
  const findings = new Map<string, Finding>();
  const assumed: { rule: string; numbers: readonly ConfigNumber[] }[] = [];
  for (const deployment of deployments) {
    for (const rule of rules) {
      for (const violation of rule.find(deployment)) {
        if (violation.numbers?.some((one) => one.assumed)) {
          assumed.push({ rule: rule.id, numbers: violation.numbers });
          continue;
        }
        const finding = findingOf(rule, violation);
        const findingKey = `${rule.id} ${finding.places.map(placeKey).join(" ")}`;
        if (!findings.has(findingKey)) findings.set(findingKey, finding);
      }
    }
  }
  const rank = { error: 0, warning: 1 };
  return {
    findings: [...findings.values()].sort((a, b) => rank[a.severity] - rank[b.severity]),
    unknownSettings: unknownSettingsOf(assumed),
  };
}

/** Only a finding of high confidence is an error. */
function findingOf(rule: Rule, violation: Violation): Finding {
  const { numbers = [], title = rule.title, fix = rule.fix, edits = [], hasSeparatePlaces = false } = violation;
  const confidence = violation.confidence ?? rule.confidence ?? "high";
  const severity = confidence === "high" ? (violation.severity ?? rule.severity) : "warning";
  const versions = violation.affectedVersions === undefined ? "" : ` This holds for ${violation.affectedVersions}.`;
  const message = `${violation.message.replace(/^the /, "The ")}${versions}`;
  const allPlaces = [...(violation.places ?? []), ...numbers.map(({ at }) => at)];
  const places = [...Map.groupBy(allPlaces, placeKey).values()].flatMap(([first]) => first ?? []);
  return {
    rule: rule.id,
    severity,
    confidence,
    title,
    numbers,
    message,
    impact: rule.impact,
    fix,
    places,
    edits,
    hasSeparatePlaces,
  };
}

/** Returns one entry for each file, at the first line that a missing setting would be compared with. */
function unknownSettingsOf(assumed: readonly { rule: string; numbers: readonly ConfigNumber[] }[]): UnknownSettings[] {
  const compared = assumed.map(({ rule, numbers }) => {
    const at = (numbers.find((one) => !one.assumed) ?? numbers[0])?.at ?? { file: "environment", line: 1 };
    return { rule, at, settings: numbers.filter((one) => one.assumed).map(({ name }) => name) };
  });
  return [...Map.groupBy(compared, ({ at }) => at.file)].map(([file, all]) => ({
    file,
    line: Math.min(...all.map(({ at }) => at.line)),
    settings: [...new Set(all.flatMap(({ settings }) => settings))].sort(),
    rules: [...new Set(all.map(({ rule }) => rule))].sort(),
  }));
}

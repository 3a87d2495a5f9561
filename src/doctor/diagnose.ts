import { createDiagnostics, type Diagnostics } from "./diagnostics.ts";
import type { ConfigNumber } from "./facts/config-values.ts";
import type { Versions } from "./facts/versions.ts";
import { mergeOverlays } from "./overlays.ts";
import { type ConfigPaths, deploymentOfRunningInstance, readDeployments, type Sources } from "./read-deployments.ts";
import type { SettingValues } from "./readers/application-settings.ts";
import type { RunningInstance } from "./readers/running-instance.ts";
import { type Finding, type Rule, type RuleLevels, runRules, type Severity, type UnknownSettings } from "./rule.ts";
import { allRules } from "./rules/all-rules.ts";

export type DiagnosisRequest = {
  /** Sets of files that run together. Files are compared only with files of the same set. */
  deployments: readonly ConfigPaths[];
  settings: SettingValues;
  /** The place of a setting that no file sets: findings name this file. */
  settingsFile: string;
  /** `max_connections` from the command line, for a Postgres that no file describes. */
  maxConnections?: ConfigNumber | undefined;
  live?: RunningInstance | undefined;
  rules?: RuleLevels | undefined;
  versions?: Versions | undefined;
};

export type Diagnosis = {
  findings: readonly Finding[];
  unknownSettings: readonly UnknownSettings[];
  notUnderstood: Diagnostics["notes"];
  unreadable: Diagnostics["unreadable"];
};

/** Returns the rules that are on, at their level. */
const rulesAt = (levels: RuleLevels): Rule[] =>
  allRules.flatMap((rule) => {
    const level = levels[rule.id] ?? (rule.offByDefault === undefined ? "on" : "off");
    if (level === "off") return [];
    return level === "on" ? [rule] : [withSeverity(rule, level)];
  });

const withSeverity = (rule: Rule, severity: Severity): Rule => ({
  ...rule,
  severity,
  find: (deployment) => rule.find(deployment).map((violation) => ({ ...violation, severity })),
});

/** Reads the files, compares them with each other and with the settings, and returns the findings. */
export function diagnose(
  { deployments, settings, settingsFile, maxConnections, live, rules = {}, versions = {} }: DiagnosisRequest,
  sources: Omit<Sources, "diagnostics"> & { diagnostics?: Diagnostics },
): Diagnosis {
  const { diagnostics = createDiagnostics() } = sources;
  const application = { settings, settingsFile, maxConnections, versions };
  const read = deployments.flatMap((paths) => readDeployments(paths, application, { ...sources, diagnostics }));
  if (live !== undefined) read.push(deploymentOfRunningInstance(live, application, diagnostics));
  const { findings, unknownSettings } = runRules(rulesAt(rules), read);
  return {
    findings: mergeOverlays(findings),
    unknownSettings,
    notUnderstood: diagnostics.notes,
    unreadable: diagnostics.unreadable,
  };
}

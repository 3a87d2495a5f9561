import { createDiagnostics, type Diagnostics } from "./diagnostics.ts";
import type { ConfigNumber } from "./facts/config-values.ts";
import { type ConfigPaths, deploymentOfRunningInstance, readDeployments, type Sources } from "./read-deployments.ts";
import type { SettingValues } from "./readers/application-settings.ts";
import type { RunningInstance } from "./readers/running-instance.ts";
import { type Finding, runRules } from "./rule.ts";
import { allRules } from "./rules/all-rules.ts";

export type DiagnosisRequest = {
  /** Each entry is compared on its own: its files run together. */
  deployments: readonly ConfigPaths[];
  settings: SettingValues;
  /** The place that a finding names for a setting that is written nowhere. */
  settingsFile: string;
  /** `max_connections` from the command line, for a Postgres that no file describes. */
  maxConnections?: ConfigNumber | undefined;
  live?: RunningInstance | undefined;
};

export type Diagnosis = {
  findings: readonly Finding[];
  notUnderstood: Diagnostics["notes"];
  unreadable: Diagnostics["unreadable"];
};

/** Reads the files, compares them with each other and with the settings, and returns what disagrees. */
export function diagnose(
  { deployments, settings, settingsFile, maxConnections, live }: DiagnosisRequest,
  sources: Omit<Sources, "diagnostics"> & { diagnostics?: Diagnostics },
): Diagnosis {
  const { diagnostics = createDiagnostics() } = sources;
  const application = { settings, settingsFile, maxConnections };
  const read = deployments.flatMap((paths) => readDeployments(paths, application, { ...sources, diagnostics }));
  if (live !== undefined) read.push(deploymentOfRunningInstance(live, application, diagnostics));
  return {
    findings: runRules(allRules, read),
    notUnderstood: diagnostics.notes,
    unreadable: diagnostics.unreadable,
  };
}

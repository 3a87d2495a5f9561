import { dirname, isAbsolute, join } from "node:path";
import { type Diagnostics, readEach, UnreadableError } from "../diagnostics.ts";
import type { Files } from "../files.ts";
import { type Baseline, readBaseline } from "../gate/baseline.ts";
import { emptyGateConfig, type GateConfig, gateConfigNames, readGateConfig } from "../gate/gate-config.ts";
import { type ConfigPaths, configKinds } from "../read-deployments.ts";
import { applicationVariable, type SettingValues, settingsFromEnvironment } from "../readers/application-settings.ts";
import { fetchRunningInstance, type RunningInstance } from "../readers/running-instance.ts";
import { readSettingsFile } from "../readers/settings-file.ts";
import type { CliContext } from "./cli-context.ts";
import type { CommandLine } from "./command-line.ts";
import { findConfigs } from "./find-configs.ts";

// Reads the inputs of a run: files, settings, the configuration of the doctor, and a running instance.

/** Returns the files that options name, followed by the files found in the folders. */
export function pathsOf({ folders, paths }: CommandLine, files: Files, diagnostics: Diagnostics): ConfigPaths {
  const found = readEach(folders, diagnostics, (folder) => findConfigs(folder, files, diagnostics));
  return Object.fromEntries(
    configKinds.map((kind) => [kind, [paths, ...found].flatMap((one) => one[kind] ?? [])] as const),
  );
}

export type Gate = { config: GateConfig; file: string; baseline: Baseline | undefined };

/** Reads the configuration that `--config` names, or else the first one in the working folder or a folder argument. */
export function readGate(
  { config, baseline, writeBaseline, folders }: CommandLine,
  files: Files,
  diagnostics: Diagnostics,
): Gate {
  const candidates = [".", ...folders].flatMap((folder) => gateConfigNames.map((name) => join(folder, name)));
  const configPath = config ?? candidates.find((one) => files.kind(one) === "file");
  const [gateConfig = emptyGateConfig] = readEach(configPath === undefined ? [] : [configPath], diagnostics, (one) =>
    withPathsFrom(dirname(one), readGateConfig(files, one, diagnostics), files),
  );
  const configuredBaseline = baseline ?? gateConfig.baseline;
  // With --write-baseline, the baseline file may not exist yet.
  const isNewBaseline =
    writeBaseline !== undefined && configuredBaseline !== undefined && files.kind(configuredBaseline) === "none";
  const baselinePath = isNewBaseline ? undefined : configuredBaseline;
  const [baselineEntries] = readEach(baselinePath === undefined ? [] : [baselinePath], diagnostics, (one) =>
    readBaseline(files, one),
  );
  return {
    config: gateConfig,
    file: configPath === undefined ? "" : files.displayPath(configPath),
    baseline: baselineEntries,
  };
}

/** Paths in `.haven-doctor.yaml` are relative to its folder. */
const withPathsFrom = (folder: string, config: GateConfig, files: Files): GateConfig => ({
  ...config,
  baseline: config.baseline && resolveFrom(folder, config.baseline),
  ignores: config.ignores.map((one) => ({
    ...one,
    file: one.file === undefined ? undefined : files.displayPath(resolveFrom(folder, one.file)),
  })),
});

const resolveFrom = (folder: string, path: string): string => (isAbsolute(path) ? path : join(folder, path));

/** Returns the settings for the configurations of this repository, whose application is Haven. */
export const shippedSettings = ({ environment }: CliContext): SettingValues =>
  new Map([
    ...settingsFromEnvironment(environment),
    [applicationVariable, { text: "haven", at: { file: "environment", line: 1 } }],
  ]);

export function readSettings(
  paths: readonly string[] | undefined,
  files: Files,
  { environment }: CliContext,
  diagnostics: Diagnostics,
): SettingValues {
  if (paths === undefined) return settingsFromEnvironment(environment);
  const settings = readEach(paths, diagnostics, (path) => readSettingsFile(files, path, diagnostics));
  return new Map(settings.flatMap((one) => [...one]));
}

export async function fetchLive(
  url: string | undefined,
  { environment }: CliContext,
  diagnostics: Diagnostics,
): Promise<RunningInstance | undefined> {
  if (url === undefined) return undefined;
  try {
    return await fetchRunningInstance(url, environment["OPS_TOKEN"]);
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    diagnostics.addUnreadable(error.at, error.message);
    return undefined;
  }
}

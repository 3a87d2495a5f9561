import { type Diagnosis, diagnose } from "../diagnose.ts";
import { createDiagnostics, type Diagnostics, readEach, UnreadableError } from "../diagnostics.ts";
import { count } from "../facts/config-values.ts";
import { type Files, filesOnDisk, readOptionalText, readStandardInput } from "../files.ts";
import type { ConfigPaths } from "../read-deployments.ts";
import {
  applicationVariable,
  readDotEnv,
  type SettingValues,
  settingsFromEnvironment,
} from "../readers/application-settings.ts";
import { createKubectlKustomize, type RunKustomize } from "../readers/kubernetes/kustomize.ts";
import { fetchRunningInstance, type RunningInstance } from "../readers/running-instance.ts";
import { jsonReport } from "../report/json-report.ts";
import { sarifReport } from "../report/sarif-report.ts";
import { tableReport } from "../report/table-report.ts";
import { type CommandLine, configKinds, parseCommandLine, usageOf } from "./command-line.ts";
import { findConfigs } from "./find-configs.ts";
import { shippedDeployments } from "./shipped-deployments.ts";

export type CliContext = {
  environment: Readonly<Record<string, string | undefined>>;
  /** The working folder: relative paths start here. */
  folder: string;
  version: string;
  /** The width of the terminal; undefined where the output is not a terminal. */
  columns: number | undefined;
  /** How the user starts the doctor, for messages. */
  program: string;
  /** The folder of the configurations that are read without arguments; undefined where there are none. */
  shippedFolder?: string | undefined;
  reportUsageError: (message: string) => void;
  runKustomize?: RunKustomize;
};

export type CliResult = { output: string; exitCode: 0 | 1 | 2 };

const shippedFiles = "configurations shipped with Haven";

/** Returns undefined after a usage error, which was reported. */
export async function runDoctor(args: readonly string[], context: CliContext): Promise<CliResult | undefined> {
  const { environment, folder, program, shippedFolder } = context;
  const { runKustomize = createKubectlKustomize({ workingFolder: folder, path: environment["PATH"] }) } = context;
  const commandLine = parseCommandLine(args);
  const diagnostics = createDiagnostics();
  const files = filesOnDisk(folder, diagnostics);
  if ("usageError" in commandLine) return reportUsageError(commandLine.usageError, context);
  const wrongPath = notAFolder(commandLine.folders, files);
  if (wrongPath !== undefined) return reportUsageError(wrongPath, context);
  if (commandLine.help) return { output: usageOf(program), exitCode: 0 };

  const paths = pathsOf(commandLine, files, diagnostics);
  const named = configKinds.flatMap((kind) => (paths[kind] ?? []).map((path) => `${kind} ${files.displayPath(path)}`));
  const hasInput = named.length > 0 || commandLine.folders.length > 0;
  const usesShipped = !hasInput && commandLine.live === undefined && commandLine.settings === undefined;
  if (usesShipped && shippedFolder === undefined) return reportUsageError("name a folder or files", context);
  const shipped = usesShipped && shippedFolder !== undefined ? shippedDeployments(files, shippedFolder) : [];
  if (usesShipped && shipped.length === 0)
    diagnostics.addUnreadable(
      { file: shippedFiles, line: 1 },
      "not found: a built image has none. Name a folder or files, see --help",
    );
  const { maxConnections } = commandLine;
  const commandLinePlace = { file: "environment", line: 1 };
  const diagnosis = diagnose(
    {
      deployments: usesShipped ? shipped : [paths],
      settings: usesShipped
        ? shippedSettings(context)
        : readSettings(commandLine.settings, files, context, diagnostics),
      settingsFile: commandLine.settings?.at(-1) ?? "environment",
      maxConnections:
        maxConnections === undefined
          ? undefined
          : count("max_connections", maxConnections, commandLinePlace, "--max-connections"),
      live: await fetchLive(commandLine.live, context, diagnostics),
    },
    { files, readStdin: () => readStandardInput(diagnostics), runKustomize, program, diagnostics },
  );
  const inputs = usesShipped ? [shippedFiles] : named;
  return { output: render(diagnosis, commandLine, inputs, context), exitCode: exitCodeOf(diagnosis) };
}

function reportUsageError(message: string, context: CliContext): undefined {
  context.reportUsageError(`doctor: ${message}\n`);
  return undefined;
}

function notAFolder(folders: readonly string[], files: Files): string | undefined {
  const path = folders.find((folder) => files.kind(folder) !== "folder");
  return path === undefined
    ? undefined
    : `'${path}' is not a folder: name a file with the option for its kind, for example --nginx nginx.conf`;
}

/** The files that options name, followed by those found in the folders. */
function pathsOf({ folders, paths }: CommandLine, files: Files, diagnostics: Diagnostics): ConfigPaths {
  const found = folders.map((folder) => findConfigs(folder, files, diagnostics));
  return Object.fromEntries(
    configKinds.map((kind) => [kind, [paths, ...found].flatMap((one) => one[kind] ?? [])] as const),
  );
}

/** The configurations of this repository run this server. */
const shippedSettings = ({ environment }: CliContext): SettingValues =>
  new Map([
    ...settingsFromEnvironment(environment),
    [applicationVariable, { text: "haven", at: { file: "environment", line: 1 } }],
  ]);

function readSettings(
  paths: readonly string[] | undefined,
  files: Files,
  { environment }: CliContext,
  diagnostics: Diagnostics,
): SettingValues {
  if (paths === undefined) return settingsFromEnvironment(environment);
  const settings = readEach(paths, diagnostics, (path) =>
    readDotEnv(readOptionalText(files, path), files.displayPath(path), diagnostics),
  );
  return new Map(settings.flatMap((one) => [...one]).map(([name, value]) => [name, { ...value, given: true }]));
}

async function fetchLive(
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

function render(
  diagnosis: Diagnosis,
  { format, live, settings }: CommandLine,
  inputs: readonly string[],
  { version, columns, environment }: CliContext,
): string {
  if (format === "json") return jsonReport(diagnosis);
  if (format === "sarif") return sarifReport(diagnosis, version);
  const read = [
    ...inputs,
    ...(live === undefined ? [] : ["a running instance"]),
    settings === undefined ? "settings from the environment (production defaults)" : `settings ${settings.join(", ")}`,
  ];
  const colour = columns !== undefined && !environment["NO_COLOR"];
  return tableReport(diagnosis, read, { width: Math.min(100, Math.max(60, columns ?? 80)), colour });
}

function exitCodeOf({ findings, unreadable }: Diagnosis): CliResult["exitCode"] {
  if (unreadable.length > 0) return 2;
  return findings.some(({ severity }) => severity === "error") ? 1 : 0;
}

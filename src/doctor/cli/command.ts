import { writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { diagnose } from "../diagnose.ts";
import { createDiagnostics, type Diagnostics } from "../diagnostics.ts";
import { count } from "../facts/config-values.ts";
import { codeOf, type Files, filesOnDisk, readStandardInput } from "../files.ts";
import { baselineText } from "../gate/baseline.ts";
import { type Fixed, writeFixes } from "../gate/fixes.ts";
import { applyGate, type GatedDiagnosis, lineReader } from "../gate/gate.ts";
import type { FailOn } from "../gate/gate-config.ts";
import { type ConfigPaths, configKinds } from "../read-deployments.ts";
import { createKubectlKustomize } from "../readers/kubernetes/kustomize.ts";
import { explanationOf } from "../report/explanation.ts";
import { failsWith } from "../report/junit-report.ts";
import { allRules } from "../rules/all-rules.ts";
import type { CliContext, CliResult } from "./cli-context.ts";
import { type CommandLine, parseCommandLine, usageOf } from "./command-line.ts";
import { fetchLive, type Gate, pathsOf, readGate, readSettings, shippedSettings } from "./inputs.ts";
import { render } from "./render.ts";
import { shippedDeployments } from "./shipped-deployments.ts";

export type { CliContext, CliResult };

const shippedFiles = "configurations shipped with Haven";

/** Runs the doctor. After a usage error, reports the error and returns undefined. */
export async function runDoctor(args: readonly string[], context: CliContext): Promise<CliResult | undefined> {
  const { folder, program, shippedFolder } = context;
  const commandLine = parseCommandLine(args);
  const files = filesOnDisk(folder);
  if ("usageError" in commandLine) return reportUsageError(commandLine.usageError, context);
  const folderProblem = folderError(commandLine.folders, files);
  if (folderProblem !== undefined) return reportUsageError(folderProblem, context);
  if (commandLine.help) return { output: usageOf(program), exitCode: 0 };
  if (commandLine.explain !== undefined) return explain(commandLine.explain, context);
  const { folders, live, settings, paths } = commandLine;
  const isEmpty = folders.length === 0 && configKinds.every((kind) => (paths[kind] ?? []).length === 0);
  const usesShipped = isEmpty && live === undefined && settings === undefined;
  if (usesShipped && shippedFolder === undefined) return reportUsageError("name a folder or files", context);

  const run = await judge(commandLine, usesShipped, context);
  const { fixed, refused } = commandLine.fix
    ? writeFixes(run.diagnosis.findings, folder, fixableFolders(commandLine, folder))
    : { fixed: [], refused: [] };
  const finalRun = fixed.length === 0 ? run : await judge(commandLine, usesShipped, context);
  const baselineProblem = writeBaseline(commandLine.writeBaseline, finalRun.diagnosis, files, folder);
  if (baselineProblem !== undefined) return reportUsageError(baselineProblem, context);
  const unreadable = [...finalRun.diagnosis.unreadable, ...refused];
  return resultOf({ ...finalRun, diagnosis: { ...finalRun.diagnosis, unreadable } }, fixed, commandLine, context);
}

/**
 * Returns the folders in which `--fix` may change files. A symbolic link or an
 * include may lead to files in other folders. The doctor never changes these files.
 */
const fixableFolders = ({ folders, paths }: CommandLine, folder: string): string[] => [
  folder,
  ...folders.map((one) => resolve(folder, one)),
  ...configKinds.flatMap((kind) => paths[kind] ?? []).map((path) => dirname(resolve(folder, path))),
];

/** Writes the present findings to the baseline file. Returns an error message if the file cannot be written. */
function writeBaseline(
  path: string | undefined,
  { findings, ignored }: GatedDiagnosis,
  files: Files,
  folder: string,
): string | undefined {
  if (path === undefined) return undefined;
  const baselineFindings = ignored.filter(({ by }) => by === "baseline").map(({ finding }) => finding);
  try {
    writeFileSync(resolve(folder, path), baselineText([...findings, ...baselineFindings], lineReader(files)));
    return undefined;
  } catch (error) {
    return `'${path}' cannot be written (${codeOf(error)})`;
  }
}

type Judgement = { diagnosis: GatedDiagnosis; gate: Gate; inputs: readonly string[] };

/** Reads the files, compares them, and separates the ignored findings from the others. */
async function judge(commandLine: CommandLine, usesShipped: boolean, context: CliContext): Promise<Judgement> {
  const { environment, folder, program, shippedFolder, now = () => new Date() } = context;
  const { runKustomize = createKubectlKustomize({ workingFolder: folder, path: environment["PATH"] }) } = context;
  const diagnostics = createDiagnostics();
  const files = filesOnDisk(folder, diagnostics);
  const gate = readGate(commandLine, files, diagnostics);
  const paths = pathsOf(commandLine, files, diagnostics);
  const shipped = usesShipped && shippedFolder !== undefined ? shippedIn(shippedFolder, files, diagnostics) : [];
  const { maxConnections, versions, settings } = commandLine;
  const at = { file: "environment", line: 1 };
  const diagnosis = diagnose(
    {
      deployments: usesShipped ? shipped : [paths],
      settings: new Map([
        ...gate.config.settings,
        ...(usesShipped ? shippedSettings(context) : readSettings(settings, files, context, diagnostics)),
      ]),
      settingsFile: settings?.at(-1) ?? "environment",
      maxConnections:
        maxConnections === undefined ? undefined : count("max_connections", maxConnections, at, "--max-connections"),
      live: await fetchLive(commandLine.live, context, diagnostics),
      rules: gate.config.levels,
      versions: { ...gate.config.versions, ...versions },
    },
    { files, readStdin: () => readStandardInput(diagnostics), runKustomize, program, diagnostics },
  );
  const gated = applyGate(diagnosis, {
    files,
    ignores: gate.config.ignores,
    configFile: gate.file,
    baseline: gate.baseline,
    today: now().toISOString().slice(0, 10),
    diagnostics,
  });
  const inputs = configKinds.flatMap((kind) => (paths[kind] ?? []).map((path) => `${kind} ${files.displayPath(path)}`));
  return { diagnosis: gated, gate, inputs: usesShipped ? [shippedFiles] : inputs };
}

function shippedIn(folder: string, files: Files, diagnostics: Diagnostics): ConfigPaths[] {
  const shipped = shippedDeployments(files, folder);
  if (shipped.length === 0)
    diagnostics.addUnreadable(
      { file: shippedFiles, line: 1 },
      "not found: a built image does not contain them. Name a folder or files, see --help",
    );
  return shipped;
}

function resultOf(
  { diagnosis, gate, inputs }: Judgement,
  fixed: readonly Fixed[],
  commandLine: CommandLine,
  context: CliContext,
): CliResult {
  const failOn = commandLine.failOn ?? gate.config.failOn ?? "error";
  const output = render({ diagnosis, fixed, failOn, inputs }, commandLine, context);
  return { output, exitCode: exitCodeOf(diagnosis, commandLine.writeBaseline === undefined ? failOn : "never") };
}

function exitCodeOf({ findings, unreadable }: GatedDiagnosis, failOn: FailOn): CliResult["exitCode"] {
  if (unreadable.length > 0) return 2;
  return findings.some((finding) => failsWith(finding, failOn)) ? 1 : 0;
}

function explain(id: string, context: CliContext): CliResult | undefined {
  const rule = allRules.find((one) => one.id === id);
  if (rule !== undefined) return { output: explanationOf(rule), exitCode: 0 };
  const near = allRules.filter((one) => one.id.includes(id)).map((one) => one.id);
  const hint = near.length === 0 ? "" : `: perhaps ${near.slice(0, 3).join(", ")}`;
  return reportUsageError(`'${id}' is not a rule${hint}`, context);
}

function reportUsageError(message: string, context: CliContext): undefined {
  context.reportUsageError(`doctor: ${message}\n`);
  return undefined;
}

function folderError(folders: readonly string[], files: Files): string | undefined {
  const path = folders.find((folder) => files.kind(folder) !== "folder");
  return path === undefined
    ? undefined
    : `'${path}' is not a folder: name a file with the option for its kind, for example --nginx nginx.conf`;
}

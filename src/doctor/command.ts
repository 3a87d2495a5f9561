import { parseArgs } from "node:util";
import { type ConfigPaths, type Diagnosis, diagnose } from "./diagnose.ts";
import { count } from "./facts.ts";
import { readDotEnv, type SettingValues, settingsFromEnvironment } from "./readers/application-settings.ts";
import { fetchRunningInstance, type RunningInstance } from "./readers/running-instance.ts";
import { jsonReport } from "./report/json-report.ts";
import { sarifReport } from "./report/sarif-report.ts";
import { tableReport } from "./report/table-report.ts";
import { shippedDeployments } from "./shipped-deployments.ts";
import {
  createDiagnostics,
  type Diagnostics,
  type Files,
  filesOnDisk,
  readSettings,
  readStandardInput,
  UnreadableError,
} from "./source.ts";

export const doctorUsage = `Usage: node dist/main.js doctor [options]

Holds configurations against each other and against the application's settings.
Without a file it reads those that ship with Haven. What it looks for: docs/doctor.md

  --nginx FILE         nginx.conf, a piece of one, or its folder
  --haproxy FILE       haproxy.cfg
  --k8s PATH           a file, a folder, a kustomization; - for standard input
  --compose FILE       a Compose file
  --alb FILE           a CloudFormation template with an ALB
  --render FILE        render.yaml
  --railway FILE       railway.json
  --prometheus FILE    prometheus.yml, or a file of rules
                       Each may be given several times; all of them run together.
  --settings FILE      the application's settings, in .env form, the last one wins; else
                       those of the environment. What is not set is as in production
  --max-connections N  of Postgres, where no file says it
  --live URL           compares with a running instance (OPS_TOKEN from the environment)
  --json, --sarif      for programs, instead of the table

Ends with 0; 1 where it found errors; 2 where it could not read something.
`;

const kinds = ["nginx", "haproxy", "k8s", "compose", "alb", "render", "railway", "prometheus"] as const;
const multiplePaths = { type: "string", multiple: true } as const;
const options = {
  nginx: multiplePaths,
  haproxy: multiplePaths,
  k8s: multiplePaths,
  compose: multiplePaths,
  alb: multiplePaths,
  render: multiplePaths,
  railway: multiplePaths,
  prometheus: multiplePaths,
  settings: multiplePaths,
  "max-connections": multiplePaths,
  live: multiplePaths,
  json: { type: "boolean" },
  sarif: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

export type CliContext = {
  environment: Readonly<Record<string, string | undefined>>;
  folder: string;
  version: string;
  /** Of the terminal; undefined where there is none. */
  columns: number | undefined;
  /** Tells what is wrong with the command line; on standard error unless somebody else listens. */
  reportUsageError?: (sentence: string) => void;
};

export type CliResult = { output: string; exitCode: 0 | 1 | 2 };

/** Undefined where the command line makes no sense. */
export async function runDoctor(args: readonly string[], context: CliContext): Promise<CliResult | undefined> {
  const { reportUsageError = (sentence: string) => void process.stderr.write(sentence) } = context;
  const values = parseArguments(args);
  const wrong = typeof values === "string" ? values : usageErrorIn(values);
  if (typeof values === "string" || wrong !== undefined) {
    reportUsageError(`doctor: ${wrong}\n`);
    return undefined;
  }
  if (values.help) return { output: doctorUsage, exitCode: 0 };
  const [limit] = values["max-connections"] ?? [];
  const [url] = values.live ?? [];

  const diagnostics = createDiagnostics();
  const files = filesOnDisk(context.folder, diagnostics);
  const given: ConfigPaths = Object.fromEntries(kinds.map((kind) => [kind, values[kind]]));
  const namedPaths = kinds.flatMap((kind) => (values[kind] ?? []).map((path) => `${kind} ${path}`));
  const settings = settingsFor(values.settings, files, context, diagnostics);
  const live = url === undefined ? undefined : await liveOf(url, context, diagnostics);
  const withoutFiles = namedPaths.length === 0 && (values.live !== undefined || values.settings !== undefined);
  const shipped = namedPaths.length === 0 && !withoutFiles ? shippedDeployments(files) : [];
  if (namedPaths.length === 0 && !withoutFiles && shipped.length === 0) {
    const file = "the shipped configurations";
    diagnostics.addUnreadable({ file, line: 1 }, "are not here: a built image has none. Name files, see doctor --help");
  }
  const diagnosis = diagnose(
    {
      deployments: namedPaths.length > 0 || withoutFiles ? [given] : shipped,
      settings,
      settingsFile: values.settings?.at(-1) ?? "environment",
      maxConnections:
        limit === undefined
          ? undefined
          : count("max_connections", Number(limit), { file: "environment", line: 1 }, "--max-connections"),
      live,
    },
    files,
    () => readStandardInput(diagnostics),
    diagnostics,
  );
  return { output: rendered(diagnosis, values, namedPaths, context), exitCode: exitCodeOf(diagnosis) };
}

/** What is wrong, where the line cannot be taken apart. */
function parseArguments(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false }).values;
  } catch (error) {
    return error instanceof Error ? (error.message.split(/\. |\n/)[0] ?? error.message) : String(error);
  }
}

type Values = Exclude<ReturnType<typeof parseArguments>, string>;

/** What makes no sense although each word is known. */
function usageErrorIn(values: Values): string | undefined {
  const [limit] = values["max-connections"] ?? [];
  if (values.json && values.sarif) return "--json and --sarif exclude each other";
  if (limit !== undefined && !/^[1-9]\d{0,6}$/.test(limit)) return `--max-connections '${limit}' is not a whole number`;
  const repeated = (["max-connections", "live"] as const).find((name) => (values[name]?.length ?? 0) > 1);
  if (repeated !== undefined) return `--${repeated} may be given once`;
  const empty = ([...kinds, "settings"] as const).find((name) => values[name]?.includes(""));
  return empty === undefined ? undefined : `--${empty} names no file`;
}

function settingsFor(
  paths: readonly string[] | undefined,
  files: Files,
  { environment }: CliContext,
  diagnostics: Diagnostics,
): SettingValues {
  if (paths === undefined) return settingsFromEnvironment(environment);
  const given = paths.map((path): SettingValues => {
    try {
      return readDotEnv(readSettings(files, path), files.displayPath(path), diagnostics);
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      diagnostics.addUnreadable(error.at, error.message);
      return new Map();
    }
  });
  return new Map(given.flatMap((one) => [...one]));
}

async function liveOf(
  url: string,
  { environment }: CliContext,
  diagnostics: Diagnostics,
): Promise<RunningInstance | undefined> {
  try {
    return await fetchRunningInstance(url, environment["OPS_TOKEN"]);
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    diagnostics.addUnreadable(error.at, error.message);
    return undefined;
  }
}

function rendered(diagnosis: Diagnosis, values: Values, namedPaths: readonly string[], context: CliContext): string {
  if (values.json) return jsonReport(diagnosis);
  if (values.sarif) return sarifReport(diagnosis, context.version);
  const read = [
    ...(namedPaths.length > 0
      ? namedPaths
      : values.live === undefined && values.settings === undefined
        ? ["what ships with Haven"]
        : []),
    ...(values.live === undefined ? [] : ["a running instance"]),
    values.settings === undefined
      ? "settings of the environment, taken as in production"
      : `settings ${values.settings.join(", ")}`,
  ];
  const colour = context.columns !== undefined && !context.environment["NO_COLOR"];
  return tableReport(diagnosis, read, { width: Math.min(100, Math.max(60, context.columns ?? 80)), colour });
}

function exitCodeOf({ findings, unreadable }: Diagnosis): CliResult["exitCode"] {
  if (unreadable.length > 0) return 2;
  return findings.some(({ severity }) => severity === "error") ? 1 : 0;
}

import { parseArgs } from "node:util";
import { type Diagnosis, diagnose, type Paths } from "./doctor.ts";
import { count } from "./facts.ts";
import { askLive, type Live } from "./readers/live.ts";
import { type GivenSettings, givenByEnvironment, readDotEnv } from "./readers/settings.ts";
import { jsonReport } from "./report/json.ts";
import { sarifReport } from "./report/sarif.ts";
import { tableReport } from "./report/table.ts";
import { shippedSetups } from "./shipped.ts";
import {
  createLedger,
  type Files,
  filesOnDisk,
  type Ledger,
  readSettings,
  readStandardInput,
  Unreadable,
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
const paths = { type: "string", multiple: true } as const;
const options = {
  nginx: paths,
  haproxy: paths,
  k8s: paths,
  compose: paths,
  alb: paths,
  render: paths,
  railway: paths,
  prometheus: paths,
  settings: paths,
  "max-connections": paths,
  live: paths,
  json: { type: "boolean" },
  sarif: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

export type Surroundings = {
  environment: Readonly<Record<string, string | undefined>>;
  folder: string;
  version: string;
  /** Of the terminal; undefined where there is none. */
  columns: number | undefined;
  /** Tells what is wrong with the command line; on standard error unless somebody else listens. */
  complain?: (sentence: string) => void;
};

export type Outcome = { output: string; exitCode: 0 | 1 | 2 };

/** Undefined where the command line makes no sense. */
export async function doctor(args: readonly string[], around: Surroundings): Promise<Outcome | undefined> {
  const { complain = (sentence: string) => void process.stderr.write(sentence) } = around;
  const values = parsed(args);
  const wrong = typeof values === "string" ? values : mistakeIn(values);
  if (typeof values === "string" || wrong !== undefined) {
    complain(`doctor: ${wrong}\n`);
    return undefined;
  }
  if (values.help) return { output: doctorUsage, exitCode: 0 };
  const [limit] = values["max-connections"] ?? [];
  const [url] = values.live ?? [];

  const ledger = createLedger();
  const files = filesOnDisk(around.folder, ledger);
  const given: Paths = Object.fromEntries(kinds.map((kind) => [kind, values[kind]]));
  const named = kinds.flatMap((kind) => (values[kind] ?? []).map((path) => `${kind} ${path}`));
  const settings = settingsFor(values.settings, files, around, ledger);
  const live = url === undefined ? undefined : await liveOf(url, around, ledger);
  const alone = named.length === 0 && (values.live !== undefined || values.settings !== undefined);
  const shipped = named.length === 0 && !alone ? shippedSetups(files) : [];
  if (named.length === 0 && !alone && shipped.length === 0) {
    const file = "the shipped configurations";
    ledger.unread({ file, line: 1 }, "are not here: a built image has none. Name files, see doctor --help");
  }
  const diagnosis = diagnose(
    {
      setups: named.length > 0 || alone ? [given] : shipped,
      settings,
      settingsFile: values.settings?.at(-1) ?? "environment",
      maxConnections:
        limit === undefined
          ? undefined
          : count("max_connections", Number(limit), { file: "environment", line: 1 }, "--max-connections"),
      live,
    },
    files,
    () => readStandardInput(ledger),
    ledger,
  );
  return { output: rendered(diagnosis, values, named, around), exitCode: exitCodeOf(diagnosis) };
}

/** What is wrong, where the line cannot be taken apart. */
function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false }).values;
  } catch (error) {
    return error instanceof Error ? (error.message.split(/\. |\n/)[0] ?? error.message) : String(error);
  }
}

type Values = Exclude<ReturnType<typeof parsed>, string>;

/** What makes no sense although each word is known. */
function mistakeIn(values: Values): string | undefined {
  const [limit] = values["max-connections"] ?? [];
  if (values.json && values.sarif) return "--json and --sarif exclude each other";
  if (limit !== undefined && !/^[1-9]\d{0,6}$/.test(limit)) return `--max-connections '${limit}' is not a whole number`;
  const twice = (["max-connections", "live"] as const).find((name) => (values[name]?.length ?? 0) > 1);
  if (twice !== undefined) return `--${twice} may be given once`;
  const empty = ([...kinds, "settings"] as const).find((name) => values[name]?.includes(""));
  return empty === undefined ? undefined : `--${empty} names no file`;
}

function settingsFor(
  paths: readonly string[] | undefined,
  files: Files,
  { environment }: Surroundings,
  ledger: Ledger,
): GivenSettings {
  if (paths === undefined) return givenByEnvironment(environment);
  const given = paths.map((path): GivenSettings => {
    try {
      return readDotEnv(readSettings(files, path), files.shown(path), ledger);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      ledger.unread(error.at, error.message);
      return new Map();
    }
  });
  return new Map(given.flatMap((one) => [...one]));
}

async function liveOf(url: string, { environment }: Surroundings, ledger: Ledger): Promise<Live | undefined> {
  try {
    return await askLive(url, environment["OPS_TOKEN"]);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    ledger.unread(error.at, error.message);
    return undefined;
  }
}

function rendered(diagnosis: Diagnosis, values: Values, named: readonly string[], around: Surroundings): string {
  if (values.json) return jsonReport(diagnosis);
  if (values.sarif) return sarifReport(diagnosis, around.version);
  const read = [
    ...(named.length > 0
      ? named
      : values.live === undefined && values.settings === undefined
        ? ["what ships with Haven"]
        : []),
    ...(values.live === undefined ? [] : ["a running instance"]),
    values.settings === undefined
      ? "settings of the environment, taken as in production"
      : `settings ${values.settings.join(", ")}`,
  ];
  const colour = around.columns !== undefined && !around.environment["NO_COLOR"];
  return tableReport(diagnosis, read, { width: Math.min(100, Math.max(60, around.columns ?? 80)), colour });
}

function exitCodeOf({ findings, unreadable }: Diagnosis): Outcome["exitCode"] {
  if (unreadable.length > 0) return 2;
  return findings.some(({ severity }) => severity === "error") ? 1 : 0;
}

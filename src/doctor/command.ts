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
};

export type Outcome = { output: string; exitCode: 0 | 1 | 2 };

/** Undefined where the command line makes no sense. */
export async function doctor(args: readonly string[], around: Surroundings): Promise<Outcome | undefined> {
  const values = parsed(args);
  if (values === undefined) return undefined;
  if (values.help) return { output: doctorUsage, exitCode: 0 };
  const [limit, ...limits] = values["max-connections"] ?? [];
  const [url, ...urls] = values.live ?? [];
  const paths = [...kinds.flatMap((kind) => values[kind] ?? []), ...(values.settings ?? [])];
  if ((values.json && values.sarif) || (limit !== undefined && !/^[1-9]\d{0,6}$/.test(limit))) return undefined;
  if (limits.length > 0 || urls.length > 0 || paths.includes("")) return undefined;

  const files = filesOnDisk(around.folder);
  const ledger = createLedger();
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
    readStandardInput,
    ledger,
  );
  return { output: rendered(diagnosis, values, named, around), exitCode: exitCodeOf(diagnosis) };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false }).values;
  } catch {
    return undefined;
  }
}

type Values = NonNullable<ReturnType<typeof parsed>>;

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

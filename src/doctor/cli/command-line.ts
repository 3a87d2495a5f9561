import { type ParseArgsConfig, parseArgs } from "node:util";
import { type KnownVersion, type Program, parseVersion, programs, type Versions } from "../facts/versions.ts";
import type { FailOn } from "../gate/gate-config.ts";
import { type ConfigKind, type ConfigPaths, configKinds } from "../read-deployments.ts";

/** Returns the usage text; `program` is what the user types to start the doctor. */
export const usageOf = (program: string): string => `Usage: ${program} [FOLDER...] [options]
       ${program} explain RULE

Compares configuration files with each other and with the settings of the application,
and reports numbers that disagree. Rules and options: docs/doctor.md

  FOLDER               reads every configuration file in the folder that has a known name
                       or holds Kubernetes objects

  --nginx FILE         nginx.conf, a file that it includes, or a folder like /etc/nginx
  --haproxy FILE       haproxy.cfg
  --k8s PATH           a file, a folder, a kustomization (runs kubectl kustomize),
                       or - for standard input
  --compose FILE       a Compose file
  --alb FILE           a CloudFormation template with an ALB
  --render FILE        render.yaml
  --railway FILE       railway.json
  --prometheus FILE    prometheus.yml, or a file of alerting and recording rules
  --pgbouncer FILE     pgbouncer.ini
                       Each of these options can be repeated. All files of one call are
                       compared with each other.
  --settings FILE      settings of Haven in .env form; or a YAML or JSON file that holds the
                       variables of another application and maps them to those of Haven.
                       The last file that sets a variable wins. Default: the environment
  --max-connections N  max_connections of Postgres, if no file sets it
  --versions LIST      versions of programs, such as nginx=1.28,kubernetes=1.33
  --live URL           compares a running instance with the settings (sends OPS_TOKEN)

  --config FILE        rules, ignores, settings and versions. Default: .haven-doctor.yaml
  --baseline FILE      ignores the findings that the file holds
  --write-baseline FILE  writes the present findings to the file
  --fail-on LEVEL      error (default), warning or never
  --fix                writes the changes that are safe, and reports the other findings
  --format FORMAT      table (default), json, sarif, github, junit or markdown
  --json, --sarif      short for --format json and --format sarif

Exit codes: 0 no finding at the level of --fail-on, 1 at least one such finding, 2 a file
could not be read, 64 wrong usage.
`;

export const formats = ["table", "json", "sarif", "github", "junit", "markdown"] as const;
export type Format = (typeof formats)[number];
const failLevels = ["error", "warning", "never"] as const;

const repeatable = { type: "string", multiple: true } as const;
const options = {
  nginx: repeatable,
  haproxy: repeatable,
  k8s: repeatable,
  compose: repeatable,
  alb: repeatable,
  render: repeatable,
  railway: repeatable,
  prometheus: repeatable,
  pgbouncer: repeatable,
  settings: repeatable,
  "max-connections": repeatable,
  versions: repeatable,
  live: repeatable,
  config: repeatable,
  baseline: repeatable,
  "write-baseline": repeatable,
  "fail-on": repeatable,
  format: repeatable,
  fix: { type: "boolean" },
  json: { type: "boolean" },
  sarif: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const satisfies Readonly<Record<ConfigKind, typeof repeatable>> & ParseArgsConfig["options"];
const notRepeatable = ["max-connections", "live", "config", "baseline", "write-baseline", "fail-on", "format"] as const;

export type CommandLine = {
  folders: readonly string[];
  /** The rule of `explain RULE`. */
  explain: string | undefined;
  paths: ConfigPaths;
  settings: readonly string[] | undefined;
  maxConnections: number | undefined;
  versions: Versions;
  live: string | undefined;
  config: string | undefined;
  baseline: string | undefined;
  writeBaseline: string | undefined;
  failOn: FailOn | undefined;
  fix: boolean;
  format: Format;
  help: boolean;
};

/** Parses the arguments, or returns the message of a usage error. */
export function parseCommandLine(args: readonly string[]): CommandLine | { usageError: string } {
  const parsed = parse(args);
  if ("usageError" in parsed) return parsed;
  const { values, positionals } = parsed;
  const usageError = usageErrorIn(values) ?? (positionals[0] === "explain" ? explainError(positionals) : undefined);
  if (usageError !== undefined) return { usageError };
  const [limit] = values["max-connections"] ?? [];
  const format = formats.find((one) => one === values.format?.[0]);
  const isExplain = positionals[0] === "explain";
  return {
    folders: isExplain ? [] : positionals,
    explain: isExplain ? positionals[1] : undefined,
    paths: Object.fromEntries(configKinds.map((kind) => [kind, values[kind]])),
    settings: values.settings,
    maxConnections: limit === undefined ? undefined : Number(limit),
    versions: Object.fromEntries(versionList(values.versions)),
    live: values.live?.[0],
    config: values.config?.[0],
    baseline: values.baseline?.[0],
    writeBaseline: values["write-baseline"]?.[0],
    failOn: failLevels.find((one) => one === values["fail-on"]?.[0]),
    fix: values.fix ?? false,
    format: format ?? (values.json ? "json" : values.sarif ? "sarif" : "table"),
    help: values.help ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { usageError: message.split(/\. |\n/)[0] ?? message };
  }
}

type Values = Exclude<ReturnType<typeof parse>, { usageError: string }>["values"];

const commandLinePlace = { file: "environment", line: 1 };

/** Parses lists such as `nginx=1.28,haproxy=3.2`. Leaves out invalid pairs, which `usageErrorIn` reports. */
const versionList = (lists: readonly string[] | undefined): (readonly [Program, KnownVersion])[] =>
  (lists ?? [])
    .flatMap((list) => list.split(","))
    .flatMap((pair) => {
      const [name, value = ""] = pair.split("=");
      const program = programs.find((one) => one === name?.trim());
      const version = parseVersion(value);
      return program === undefined || version === undefined
        ? []
        : [[program, { version, at: commandLinePlace }] as const];
    });

const explainError = (positionals: readonly string[]): string | undefined =>
  positionals.length === 2 ? undefined : "explain needs one rule, such as explain drain-check-blind";

function usageErrorIn(values: Values): string | undefined {
  const [limit] = values["max-connections"] ?? [];
  const [format] = values.format ?? [];
  const [level] = values["fail-on"] ?? [];
  if (values.json && values.sarif) return "--json and --sarif exclude each other";
  if (limit !== undefined && !/^[1-9]\d{0,6}$/.test(limit)) return `--max-connections '${limit}' is not a whole number`;
  if (format !== undefined && !formats.some((one) => one === format))
    return `--format '${format}' is not one of ${formats.join(", ")}`;
  if (level !== undefined && !failLevels.some((one) => one === level))
    return `--fail-on '${level}' is not one of ${failLevels.join(", ")}`;
  const pairs = values.versions?.flatMap((list) => list.split(",")) ?? [];
  if (versionList(values.versions).length < pairs.length)
    return "--versions needs pairs such as nginx=1.28,kubernetes=1.33";
  const repeated = notRepeatable.find((name) => (values[name]?.length ?? 0) > 1);
  if (repeated !== undefined) return `--${repeated} may be used only once`;
  const empty = ([...configKinds, "settings", "config", "baseline", "write-baseline"] as const).find((name) =>
    values[name]?.includes(""),
  );
  return empty === undefined ? undefined : `--${empty} has no file name`;
}

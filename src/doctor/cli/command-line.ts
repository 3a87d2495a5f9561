import { parseArgs } from "node:util";
import type { ConfigPaths } from "../read-deployments.ts";

/** The usage text; `program` is what the user types to start the doctor. */
export const usageOf = (program: string): string => `Usage: ${program} [FOLDER...] [options]

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
                       Each of these options can be repeated. All files of one call are
                       compared with each other.
  --settings FILE      settings of the application in .env form; the last file that sets a
                       variable wins. Default: the environment. Missing settings have
                       their default for production
  --max-connections N  max_connections of Postgres, if no file sets it
  --live URL           compares a running instance with the settings (sends OPS_TOKEN)
  --json, --sarif      print JSON or SARIF 2.1.0 instead of a table

Exit codes: 0 no errors, 1 errors found, 2 a file could not be read, 64 wrong usage.
`;

export const configKinds = ["nginx", "haproxy", "k8s", "compose", "alb", "render", "railway", "prometheus"] as const;

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
  settings: repeatable,
  "max-connections": repeatable,
  live: repeatable,
  json: { type: "boolean" },
  sarif: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

export type CommandLine = {
  folders: readonly string[];
  paths: ConfigPaths;
  settings: readonly string[] | undefined;
  maxConnections: number | undefined;
  live: string | undefined;
  format: "table" | "json" | "sarif";
  help: boolean;
};

/** Returns the message of a usage error where the arguments cannot be used. */
export function parseCommandLine(args: readonly string[]): CommandLine | { usageError: string } {
  const parsed = parse(args);
  if ("usageError" in parsed) return parsed;
  const { values, positionals } = parsed;
  const usageError = usageErrorIn(values);
  if (usageError !== undefined) return { usageError };
  const [limit] = values["max-connections"] ?? [];
  return {
    folders: positionals,
    paths: Object.fromEntries(configKinds.map((kind) => [kind, values[kind]])),
    settings: values.settings,
    maxConnections: limit === undefined ? undefined : Number(limit),
    live: values.live?.[0],
    format: values.json ? "json" : values.sarif ? "sarif" : "table",
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

function usageErrorIn(values: Values): string | undefined {
  const [limit] = values["max-connections"] ?? [];
  if (values.json && values.sarif) return "--json and --sarif exclude each other";
  if (limit !== undefined && !/^[1-9]\d{0,6}$/.test(limit)) return `--max-connections '${limit}' is not a whole number`;
  const repeated = (["max-connections", "live"] as const).find((name) => (values[name]?.length ?? 0) > 1);
  if (repeated !== undefined) return `--${repeated} may be given once`;
  const empty = ([...configKinds, "settings"] as const).find((name) => values[name]?.includes(""));
  return empty === undefined ? undefined : `--${empty} names no file`;
}

import { execFileSync } from "node:child_process";

const commandLines: Readonly<Record<string, readonly [command: string, ...args: string[]]>> = {
  NGINX: ["nginx", "-v"],
  HAProxy: ["haproxy", "-v"],
  Postgres: ["postgres", "--version"],
  "Redis or Valkey": ["redis-server", "--version"],
  PgBouncer: ["pgbouncer", "--version"],
  Prometheus: ["promtool", "--version"],
  Alertmanager: ["amtool", "--version"],
  Node: ["node", "--version"],
};

/** The columns of the table in docs/versions.md. */
export const columns = Object.keys(commandLines);

export type Versions = Readonly<Record<string, string>>;

/** Returns the version of each program on the PATH. */
export const readVersions = (env: NodeJS.ProcessEnv): Versions =>
  Object.fromEntries(Object.entries(commandLines).map(([name, line]) => [name, readVersion(line, env)]));

function readVersion([command, ...args]: readonly [string, ...string[]], env: NodeJS.ProcessEnv): string {
  // nginx prints its version on standard error.
  const output = execFileSync("sh", ["-c", '"$0" "$@" 2>&1', command, ...args], {
    env,
    encoding: "utf8",
    timeout: 20_000,
  });
  const version = /\d+\.\d+(?:\.\d+)?/.exec(output)?.[0];
  if (version === undefined) throw new Error(`${command} printed no version: ${output}`);
  return output.startsWith("Valkey") ? `Valkey ${version}` : output.startsWith("Redis") ? `Redis ${version}` : version;
}

/** What the tests of a release are about: the last columns of the table. */
export const subjects = ["proxies", "monitoring", "stores"] as const;
export type Subject = (typeof subjects)[number];

export type Row = { release: string; versions: Versions; results: Partial<Record<Subject, boolean>> };

/**
 * Returns the page with the row of a release replaced, or added at the end of the table. A subject without a new result
 * keeps its old one if the versions are the same.
 */
export function withRow(page: string, { release, versions, results }: Row): string {
  const existing = new RegExp(`^\\| ${release} \\|.*$`, "m");
  const oldCells = (existing.exec(page)?.[0] ?? "").split("|").map((cell) => cell.trim());
  const versionCells = columns.map((name) => versions[name] ?? "");
  const isSame = versionCells.every((version, index) => oldCells[index + 2] === version);
  const resultCells = subjects.map((subject, index) => {
    const passed = results[subject];
    if (passed !== undefined) return passed ? "passed" : "failed";
    return (isSame && oldCells[columns.length + 2 + index]) || "not run";
  });
  const row = `| ${[release, ...versionCells, ...resultCells].join(" | ")} |`;
  if (existing.test(page)) return page.replace(existing, row);
  return page.replace(/^(\| --- .*\n(?:\|.*\n)*)/m, `$1${row}\n`);
}

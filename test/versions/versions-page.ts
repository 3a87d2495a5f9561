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
  // nginx prints its version on the second stream.
  const output = execFileSync("sh", ["-c", '"$0" "$@" 2>&1', command, ...args], {
    env,
    encoding: "utf8",
    timeout: 20_000,
  });
  const version = /\d+\.\d+(?:\.\d+)?/.exec(output)?.[0];
  if (version === undefined) throw new Error(`${command} printed no version: ${output}`);
  return output.startsWith("Valkey") ? `Valkey ${version}` : output.startsWith("Redis") ? `Redis ${version}` : version;
}

export type Row = { release: string; versions: Versions; passed: boolean };

/** Returns the page with the row of a release replaced, or added at the end of the table. */
export function withRow(page: string, { release, versions, passed }: Row): string {
  const cells = [release, ...columns.map((name) => versions[name] ?? ""), passed ? "passed" : "failed"];
  const row = `| ${cells.join(" | ")} |`;
  const existing = new RegExp(`^\\| ${release} \\|.*$`, "m");
  if (existing.test(page)) return page.replace(existing, row);
  return page.replace(/^(\| --- .*\n(?:\|.*\n)*)/m, `$1${row}\n`);
}

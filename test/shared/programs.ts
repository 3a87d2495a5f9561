import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";

/** A program that tests run, and the Debian package that contains it. */
export type Program = { command: string; package: string };

export const programs: readonly Program[] = [
  { command: "promtool", package: "prometheus" },
  { command: "prometheus", package: "prometheus" },
  { command: "amtool", package: "prometheus-alertmanager" },
  { command: "prometheus-alertmanager", package: "prometheus-alertmanager" },
  { command: "prometheus-nginx-exporter", package: "prometheus-nginx-exporter" },
  { command: "prometheus-blackbox-exporter", package: "prometheus-blackbox-exporter" },
  { command: "haproxy", package: "haproxy" },
  { command: "redis-server", package: "redis-server" },
  { command: "pg_virtualenv", package: "postgresql" },
  { command: "pgbouncer", package: "pgbouncer" },
  { command: "patroni", package: "patroni" },
  { command: "etcd", package: "etcd-server" },
  { command: "chromium", package: "chromium" },
  { command: "kubectl", package: "kubernetes-client" },
  { command: "shellcheck", package: "shellcheck" },
  { command: "nginx", package: "nginx" },
  { command: "openssl", package: "openssl" },
  { command: "socat", package: "socat" },
  { command: "curl", package: "curl" },
  { command: "jq", package: "jq" },
  { command: "ip", package: "iproute2" },
  { command: "unshare", package: "util-linux" },
  { command: "pgrep", package: "procps" },
];

/** Installs missing programs if possible. With CI set, a missing program fails the run. */
export async function provide(required: readonly Program[]): Promise<void> {
  if (missingOf(required).length > 0 && canInstall()) installPackages(packagesOf(missingOf(required)));
  const missing = missingOf(required);
  if (missing.length === 0) return;
  failOrSkip(`tests that need ${packagesOf(missing).join(" ")}`);
}

/** Prints a warning that tests are skipped. With CI set, ends the run instead. */
export function failOrSkip(tests: string): void {
  if (process.env["CI"] === "true")
    throw new Error(`CI=true allows no skipped tests, but this machine cannot run ${tests}`);
  reportSkipped(tests);
}

export const reportSkipped = (tests: string) => void process.stderr.write(`\n*** SKIPPED: ${tests}. ***\n\n`);

/** Installs test packages in a separate folder, outside the project's own tree. */
export function providePackages(folder: string): void {
  if (existsSync(`${folder}/node_modules/.package-lock.json`)) return;
  const { status } = spawnSync("npm", ["ci", "--prefix", folder], {
    stdio: ["ignore", "ignore", "inherit"],
    timeout: 300_000,
  });
  if (status !== 0) throw new Error(`npm ci failed in ${folder}.`);
}

export function has(command: string): boolean {
  return findOnPath(command) !== undefined;
}

/** Used as `test(name, { skip: without("openssl") }, …)`. With CI set, a missing program fails the run before any test. */
export const without = (command: string): false | string => (has(command) ? false : `${command} is not installed`);

const missingOf = (required: readonly Program[]) => required.filter(({ command }) => !has(command));

const packagesOf = (required: readonly Program[]) => [...new Set(required.map((program) => program.package))];

export const canInstall = () => process.getuid?.() === 0 && has("apt-get");

export function installPackages(packages: readonly string[]): void {
  process.stderr.write(`Installing ${packages.join(", ")} for the tests.\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const run = (args: string[]) =>
    spawnSync("apt-get", args, { env, stdio: ["ignore", "ignore", "inherit"], timeout: 600_000 });
  run(["update", "-q"]);
  const add = (names: readonly string[]) => run(["install", "-y", "-q", "--no-install-recommends", ...names]).status;
  // If one package does not exist in this release of Debian, apt-get installs none of the packages of the command.
  if (add(packages) !== 0) for (const name of packages) add([name]);
}

export function findOnPath(command: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => `${folder}/${command}`).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

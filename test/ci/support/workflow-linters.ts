import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { findOnPath, skipLoudly } from "../../shared/programs.ts";

/** Outside the project, so that a new `npm ci` does not remove it. */
const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "haven-tests");

type Linter = { name: string; version: string; program: string; install(folder: string): boolean };

const linters = [
  {
    name: "actionlint",
    version: "1.7.12",
    program: "bin/actionlint",
    install: (folder) =>
      run("go", ["install", "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"], { GOBIN: join(folder, "bin") }),
  },
  {
    name: "zizmor",
    version: "1.32.0",
    program: "bin/zizmor",
    install: (folder) =>
      run("python3", ["-m", "venv", folder]) &&
      run(join(folder, "bin/python"), [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "zizmor==1.32.0",
      ]),
  },
] as const satisfies readonly Linter[];

type Name = (typeof linters)[number]["name"];

const folderOf = ({ name, version }: Linter): string => join(cache, `${name}-${version}`);
const installed = (linter: Linter): string => join(folderOf(linter), "installed");

/** Returns the program: the one on the PATH, or else the installed one. */
export function linterProgram(name: Name): string | undefined {
  const linter = linters.find((one) => one.name === name);
  if (linter === undefined || !existsSync(installed(linter))) return findOnPath(name);
  return join(folderOf(linter), linter.program);
}

/** Installs the linters of workflows with Go and Python. A machine without one of them skips its linter, also in CI. */
export function provideWorkflowLinters(): void {
  for (const linter of linters) {
    if (linterProgram(linter.name) !== undefined) continue;
    process.stderr.write(`Installing ${linter.name} for the tests of the workflows.\n`);
    const folder = folderOf(linter);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    if (linter.install(folder)) writeFileSync(installed(linter), "");
    else skipLoudly(`${linter.name}, which needs ${linter.name === "zizmor" ? "python3 with venv and pip" : "Go"}`);
  }
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): boolean {
  const path = [process.env["PATH"], "/usr/local/go/bin"].join(delimiter);
  const { status } = spawnSync(command, args, {
    stdio: ["ignore", "ignore", "inherit"],
    timeout: 300_000,
    env: { ...process.env, PATH: path, ...env },
  });
  return status === 0;
}

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { reportSkipped } from "./programs.ts";

// Programs that only their Python packages provide. Each has an environment of its own in the user's cache folder, which
// is outside the repository.

export type PythonProgram = { package: string; version: string; command: string };

const cacheFolder = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "haven-tests");

const folderOf = (program: PythonProgram) => join(cacheFolder, `${program.package}-${program.version}`);

/** Written last, so that an interrupted installation does not count. */
const markerOf = (program: PythonProgram) => join(folderOf(program), "installed");

export const isInstalled = (program: PythonProgram): boolean => existsSync(markerOf(program));

/** The file of the program, which exists after `providePythonProgram`. */
export const commandOf = (program: PythonProgram): string => join(folderOf(program), "bin", program.command);

/** Installs the program if it is missing. Without Python, its tests are skipped, even with `CI=true`. */
export function providePythonProgram(program: PythonProgram): void {
  if (isInstalled(program)) return;
  const { package: name, version } = program;
  process.stderr.write(`Installing ${name} ${version} for the tests.\n`);
  const folder = folderOf(program);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", `${name}==${version}`];
  if (run("python3", ["-m", "venv", folder]) && run(join(folder, "bin/python"), pip)) {
    writeFileSync(markerOf(program), "");
  } else {
    reportSkipped(`tests with ${name}, which needs python3 with venv and pip`);
  }
}

function run(command: string, args: readonly string[]): boolean {
  const { status } = spawnSync(command, args, { stdio: ["ignore", "ignore", "inherit"], timeout: 600_000 });
  return status === 0;
}

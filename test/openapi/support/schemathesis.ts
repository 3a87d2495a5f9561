import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { canInstall, installPackages, reportSkipped } from "../../shared/programs.ts";

export const settingsFolder = fileURLToPath(new URL("../schemathesis", import.meta.url));
const requirements = join(settingsFolder, "requirements.txt");

/** The folder name contains a hash of the pinned versions. */
const requirementsHash = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 12);
const folder = fileURLToPath(
  new URL(`../../../node_modules/.cache/haven/schemathesis-${requirementsHash}`, import.meta.url),
);
const installed = join(folder, "installed");

export const python = join(folder, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");

const hasSchemathesis = (): boolean => existsSync(installed);

/** The options of a test that needs schemathesis. */
export const withoutSchemathesis = { skip: hasSchemathesis() ? false : "schemathesis is not installed" };

/** Installs schemathesis if it is missing. Without Python its tests are skipped, also with `CI=true`. */
export function provideSchemathesis(): void {
  if (hasSchemathesis() || install()) return;
  if (canInstall()) installPackages(["python3", "python3-venv"]);
  if (!install()) reportSkipped("schemathesis over the API document, which needs python3 with venv and pip");
}

function install(): boolean {
  rmSync(folder, { recursive: true, force: true });
  process.stderr.write("Installing schemathesis for the tests.\n");
  const isDone =
    run("python3", ["-m", "venv", folder]) &&
    run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements]);
  if (isDone) writeFileSync(installed, "");
  return isDone;
}

const run = (command: string, args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: ["ignore", "ignore", "inherit"], timeout: 300_000 }).status === 0;

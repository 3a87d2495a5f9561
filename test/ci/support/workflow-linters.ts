import { existsSync } from "node:fs";
import { fileOf, type GoProgram, provideGoProgram } from "../../shared/go-program.ts";
import { findOnPath } from "../../shared/programs.ts";
import { commandOf, isInstalled, type PythonProgram, providePythonProgram } from "../../shared/python-program.ts";

const actionlint: GoProgram = { package: "github.com/rhysd/actionlint/cmd/actionlint", version: "v1.7.12" };
const zizmor: PythonProgram = { package: "zizmor", version: "1.32.0", command: "zizmor" };

/** Returns the program: the installed one, or else the one on the PATH. */
export function linterProgram(name: "actionlint" | "zizmor"): string | undefined {
  if (name === "actionlint" && existsSync(fileOf(actionlint))) return fileOf(actionlint);
  if (name === "zizmor" && isInstalled(zizmor)) return commandOf(zizmor);
  return findOnPath(name);
}

/** Installs the linters of workflows with Go and Python. Without Go or Python, its linter is skipped, even in CI. */
export function provideWorkflowLinters(): void {
  if (linterProgram("actionlint") === undefined) provideGoProgram(actionlint);
  if (linterProgram("zizmor") === undefined) providePythonProgram(zizmor);
}

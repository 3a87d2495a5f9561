import { cpSync, mkdtempSync, readdirSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pinnedPackages } from "../../shared/pinned-packages.ts";
import { runProgram } from "../../shared/run-program.ts";
import { documentFile } from "./served-document.ts";

const settingsFolder = fileURLToPath(new URL("../generators", import.meta.url));

export const generators = pinnedPackages({
  pinned: settingsFolder,
  name: "openapi-generators",
  tests: "the tests of linters and client generators over the OpenAPI document",
});

/** Makes a folder with the document, the settings of the tools and the tools themselves. */
export function createWorkFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "haven-generators-"));
  for (const name of readdirSync(settingsFolder).filter(
    (file) => !file.startsWith("package-lock") && file !== "node_modules",
  ))
    cpSync(join(settingsFolder, name), join(folder, name));
  cpSync(documentFile, join(folder, "openapi.json"));
  symlinkSync(join(generators.folder, "node_modules"), join(folder, "node_modules"), "junction");
  return folder;
}

/** Runs a tool of the packages with the Node of the tests; returns its exit code and output. */
export const runTool = (folder: string, tool: string, args: readonly string[]) =>
  runProgram(process.execPath, [join(folder, "node_modules", tool), ...args], {
    cwd: folder,
    env: { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true", NO_COLOR: "1" },
    timeoutMs: 120_000,
  });

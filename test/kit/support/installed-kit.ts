import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { atEnd } from "../../shared/at-end.ts";
import { runProgram } from "../../shared/run-program.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const modules = join(root, "node_modules");

async function npm(cwd: string, ...args: readonly string[]): Promise<void> {
  const { code, output } = await runProgram("npm", [...args, "--no-audit", "--no-update-notifier"], { cwd });
  assert.equal(code, 0, output);
}

/** Packs the kit from a copy of its sources, so that tests that run side by side do not share its dist folder. */
async function packKit(folder: string): Promise<string> {
  const copy = join(folder, "sources");
  mkdirSync(copy);
  for (const path of ["package.json", "tsconfig.json", "src/kit", "src/core"]) {
    cpSync(join(root, path), join(copy, path), { recursive: true, filter: (from) => !from.endsWith("/dist") });
  }
  symlinkSync(modules, join(copy, "node_modules"));
  await npm(copy, "pack", "./src/kit", "--pack-destination", folder);
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  assert.ok(tarball !== undefined);
  return join(folder, tarball);
}

/** An empty project with the packed kit; opossum comes from this checkout, so that the test needs no network. */
export async function projectWithKit() {
  const folder = mkdtempSync(join(tmpdir(), "haven-kit-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const project = join(folder, "project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{"type":"module"}');
  await npm(
    project,
    "install",
    "--offline",
    "--ignore-scripts",
    "--install-links",
    join(modules, "opossum"),
    await packKit(folder),
  );
  const tsc = (...args: readonly string[]) => runProgram(join(modules, ".bin/tsc"), args, { cwd: project });
  return {
    folder: project,
    write: (name: string, text: string): void => writeFileSync(join(project, name), text),
    /** Makes packages of this checkout available in the project. */
    link(...names: readonly string[]): void {
      for (const name of names) symlinkSync(join(modules, name), join(project, "node_modules", name));
    },
    installed: (): string[] => readdirSync(join(project, "node_modules")).filter((name) => !name.startsWith(".")),
    typeCheck: (file: string) =>
      tsc("--noEmit", "--strict", "--module", "nodenext", "--target", "es2024", "--types", "node", file),
  };
}

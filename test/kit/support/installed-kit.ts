import assert from "node:assert/strict";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
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
  for (const path of ["package.json", "tsconfig.json", "src/kit", "src/core", ".ci/release"]) {
    cpSync(join(root, path), join(copy, path), { recursive: true, filter: (from) => !from.endsWith("/dist") });
  }
  symlinkSync(modules, join(copy, "node_modules"));
  await npm(copy, "pack", "./src/kit", "--pack-destination", folder);
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  assert.ok(tarball !== undefined);
  return join(folder, tarball);
}

/**
 * Creates a project with the packed kit. The package opossum comes from this checkout, so that the test needs no
 * network. With `fromRegistry`, it comes from the registry, as for a user.
 */
export async function projectWithKit({ fromRegistry = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "haven-kit-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const project = join(folder, "project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{"type":"module"}');
  const tarball = await packKit(folder);
  const offline = ["--offline", "--install-links", join(modules, "opossum")];
  await npm(project, "install", "--ignore-scripts", ...(fromRegistry ? [] : offline), tarball);
  const installed = readdirSync(join(project, "node_modules")).filter((name) => !name.startsWith("."));
  const tsc = (...args: readonly string[]) => runProgram(join(modules, ".bin/tsc"), args, { cwd: project });
  return {
    folder: project,
    tarball,
    write: (name: string, text: string): void => writeFileSync(join(project, name), text),
    /** Makes packages of this checkout available in the project. */
    link(...names: readonly string[]): void {
      for (const name of names.filter((one) => !existsSync(join(project, "node_modules", one))))
        symlinkSync(join(modules, name), join(project, "node_modules", name));
    },
    read: (name: string): string => readFileSync(join(project, name), "utf8"),
    /** Returns the URLs of the modules that an import of the name loads. */
    async loadedBy(name: string): Promise<string[]> {
      writeFileSync(join(project, "loaded.mjs"), loadedModules(name));
      const { code, output } = await runProgram(process.execPath, ["loaded.mjs"], { cwd: project });
      assert.equal(code, 0, output);
      return output.trim().split("\n");
    },
    /** Makes packages that are installed elsewhere available in the project. */
    linkFrom(folder: string): void {
      for (const name of packagesIn(join(folder, "node_modules"))) {
        const target = join(project, "node_modules", name);
        if (existsSync(target)) continue;
        mkdirSync(dirname(target), { recursive: true });
        symlinkSync(join(folder, "node_modules", name), target);
      }
    },
    /** Returns the folders of packages before any were linked. */
    installed: (): string[] => installed.sort(),
    typeCheck: (file: string) =>
      tsc("--noEmit", "--strict", "--module", "nodenext", "--target", "es2024", "--types", "node", file),
  };
}

const loadedModules = (name: string): string => `
import { registerHooks } from "node:module";
registerHooks({
  load(url, context, next) {
    process.stdout.write(url + "\\n");
    return next(url, context);
  },
});
await import(${JSON.stringify(name)});
`;

const packagesIn = (modules: string): string[] =>
  readdirSync(modules)
    .filter((name) => !name.startsWith("."))
    .flatMap((name) =>
      name.startsWith("@") ? readdirSync(join(modules, name)).map((scoped) => `${name}/${scoped}`) : [name],
    );

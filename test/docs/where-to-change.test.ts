import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const rows = readFileSync(join(root, "docs/where-to-change.md"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !/^\| (?:---|what \|)/.test(line));

/** Returns the names in code marks that end with an extension or a slash, because these are files and folders. */
const pathsIn = (row: string): string[] =>
  [...row.matchAll(/`([\w.-][\w./-]*(?:\.(?:cjs|cfg|conf|css|json|md|py|sh|ts|yaml|yml)|\/))`/g)].map(
    ([, path = ""]) => path,
  );

const folderOf = (path: string): string => (statSync(join(root, path)).isDirectory() ? path : dirname(path));

test("every file and folder on the page about changes exists, in the root or in a folder that its row names", () => {
  assert.ok(rows.length > 50, `${rows.length} rows`);
  for (const row of rows) {
    const paths = pathsIn(row);
    const folders = paths.filter((path) => existsSync(join(root, path))).map(folderOf);
    for (const path of paths)
      assert.ok(
        ["", ...folders].some((folder) => existsSync(join(root, folder, path))),
        `${path} in the row: ${row.slice(0, 60)}`,
      );
  }
});

test("every npm script on the page about changes exists", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object };
  for (const row of rows)
    for (const [, name = ""] of row.matchAll(/npm run ([\w-]+)/g)) assert.ok(name in scripts, name);
});

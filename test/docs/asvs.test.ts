import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../", import.meta.url);
const page = readFileSync(new URL("docs/asvs.md", root), "utf8");

type Row = { id: string; level: string; verdict: string; evidence: string };

const rows: Row[] = [...page.matchAll(/^\| (\d+\.\d+\.\d+) \| (\d) \| [^|]+ \| ([^|]+) \| (.+) \|$/gm)].map(
  ([, id = "", level = "", verdict = "", evidence = ""]) => ({ id, level, verdict, evidence }),
);

/** The numbers of the requirements of levels 1 and 2 in each section of ASVS 5.0.0. */
const sections: Readonly<Record<string, readonly number[]>> = {
  "6.1": [1, 2, 3],
  "6.2": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
  "6.3": [1, 2, 3, 4],
  "6.4": [1, 2, 3, 4],
  "6.5": [1, 2, 3, 4, 5],
  "6.6": [1, 2, 3],
  "6.8": [1, 2, 3, 4],
  "7.1": [1, 2, 3],
  "7.2": [1, 2, 3, 4],
  "7.3": [1, 2],
  "7.4": [1, 2, 3, 4, 5],
  "7.5": [1, 2],
  "7.6": [1, 2],
  "8.1": [1, 2],
  "8.2": [1, 2, 3],
  "8.3": [1],
  "8.4": [1],
  "9.1": [1, 2, 3],
  "9.2": [1, 2, 3, 4],
};

test("every requirement of levels 1 and 2 in the chapters V6 to V9 has a verdict", () => {
  const expected = Object.entries(sections).flatMap(([section, numbers]) => numbers.map((n) => `${section}.${n}`));
  assert.deepEqual(
    rows.map(({ id }) => id),
    expected,
  );
  for (const { id, level } of rows) assert.match(level, /^[12]$/, id);
});

test("the page counts its verdicts correctly", () => {
  for (const verdict of ["met", "partly met", "not met", "does not apply"]) {
    const [, count] = new RegExp(`^\\| ${verdict} \\| (\\d+) \\|$`, "m").exec(page) ?? [];
    assert.equal(Number(count), rows.filter((row) => row.verdict === verdict).length, verdict);
  }
});

test("every file named as evidence exists, and each requirement that is met names a file", () => {
  for (const { id, verdict, evidence } of rows) {
    const files = [...evidence.matchAll(/`([\w./-]+\.(?:ts|md|sql))`/g)].map(([, file = ""]) => file);
    for (const file of files) assert.ok(existsSync(new URL(file, root)), `${id} names ${file}`);
    if (verdict === "met") assert.ok(files.length > 0, id);
    assert.ok(evidence.length > 8, id);
  }
});

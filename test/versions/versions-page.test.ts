import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { releases } from "./releases.ts";
import { columns, subjects, withRow } from "./versions-page.ts";

const page = readFileSync(new URL("../../docs/versions.md", import.meta.url), "utf8");

test("docs/versions.md has a row for each release, on which every test has run and passed", () => {
  assert.ok(page.includes(`| Debian | ${[...columns, ...subjects].join(" | ")} |\n`));
  const rows = [...page.matchAll(/^\| ([a-z]+) \|.*$/gm)];
  assert.deepEqual(
    rows.map(([, name]) => name),
    releases.map(({ name }) => name),
  );
  for (const [row] of rows) assert.match(row, /(?: \| passed){3} \|$/);
});

const empty = "| Debian | a |\n| --- | --- |\n\nText\n";
const versionsWith = (version: string) => Object.fromEntries(columns.map((name) => [name, version]));

test("a run of one release replaces its row and keeps the rows of the other releases", () => {
  const versions = versionsWith("1.2.3");
  const all = { proxies: true, monitoring: true, stores: true };
  const one = withRow(empty, { release: "trixie", versions, results: { ...all, stores: false } });
  const two = withRow(one, { release: "sid", versions, results: all });
  const three = withRow(two, { release: "trixie", versions, results: all });
  assert.match(three, /^\| Debian .*\n.*\n\| trixie .* passed \|\n\| sid .* passed \|\n\nText\n$/);
});

test("a run of one subject keeps the results of the other subjects, unless a version has changed", () => {
  const run = (before: string, version: string, results: Parameters<typeof withRow>[1]["results"]) =>
    withRow(before, { release: "sid", versions: versionsWith(version), results });
  const first = run(empty, "1.2.3", { proxies: true });
  assert.match(first, /\| 1\.2\.3 \| passed \| not run \| not run \|/);
  const second = run(first, "1.2.3", { stores: false });
  assert.match(second, /\| 1\.2\.3 \| passed \| not run \| failed \|/);
  assert.match(run(second, "1.2.4", { stores: true }), /\| 1\.2\.4 \| not run \| not run \| passed \|/);
});

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { releases } from "./releases.ts";
import { columns, withRow } from "./versions-page.ts";

const page = readFileSync(new URL("../../docs/versions.md", import.meta.url), "utf8");

test("the page about versions has the columns of the matrix, and lists only releases on which all tests passed", () => {
  assert.ok(page.includes(`| Debian | ${columns.join(" | ")} | result |\n`));
  const rows = [...page.matchAll(/^\| (\w+) \|.*\| (passed|failed) \|$/gm)];
  for (const [, release = "", result] of rows) {
    assert.ok(releases.some(({ name }) => name === release));
    assert.equal(result, "passed", release);
  }
});

test("a run of one release replaces its row and keeps those of the others", () => {
  const versions = Object.fromEntries(columns.map((name) => [name, "1.2.3"]));
  const empty = "| Debian | a |\n| --- | --- |\n\nText\n";
  const one = withRow(empty, { release: "trixie", versions, passed: false });
  const two = withRow(one, { release: "sid", versions, passed: true });
  const three = withRow(two, { release: "trixie", versions, passed: true });
  assert.match(three, /^\| Debian .*\n.*\n\| trixie .* passed \|\n\| sid .* passed \|\n\nText\n$/);
});

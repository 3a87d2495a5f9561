import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { usageOf } from "../../../src/doctor/cli/command-line.ts";
import { rulesPage } from "../../../src/doctor/report/rules-page.ts";
import { allRules } from "../../../src/doctor/rules/all-rules.ts";

const page = readFileSync(new URL("../../../docs/doctor.md", import.meta.url), "utf8");

test("the rules in docs/doctor.md equal the output of npm run doctor-page", () => {
  const printed = /<!-- rules -->\n\n([\s\S]*)\n\n<!-- \/rules -->/.exec(page)?.[1];
  assert.equal(printed, rulesPage(), "run npm run doctor-page");
  for (const { id } of allRules) assert.ok(page.includes(`#### ${id}\n`));
});

test("the page and the usage text name the same options", () => {
  const named = (text: string) =>
    [...new Set([...text.matchAll(/(?<=[\s`(])--([a-z0-9-]+)/g)].map(([, name]) => name))].sort();
  const table = page
    .split("\n")
    .filter((line) => line.startsWith("| `--"))
    .join("\n");
  assert.deepEqual(
    named(table),
    named(usageOf("haven-doctor")).filter((name) => name !== "help"),
  );
});

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { atEnd } from "../shared/at-end.ts";
import { runProgram } from "../shared/run-program.ts";

const reporter = new URL("../support/runner/failed-files.ts", import.meta.url).href;

test("a failed test of a shared module is reported with the test file that imports the module, so that the re-run finds the test", async () => {
  const folder = mkdtempSync(join(tmpdir(), "haven-failed-files-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(
    join(folder, "cases.mjs"),
    'import { test } from "node:test"; export const fail = () => test("case", () => { throw new Error("failed"); });',
  );
  writeFileSync(join(folder, "one.test.mjs"), 'import { fail } from "./cases.mjs"; fail();');
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const args = ["--test", `--test-reporter=${reporter}`, join(folder, "one.test.mjs")];
  const { code, output } = await runProgram(process.execPath, args, { env });
  assert.equal(code, 1);
  assert.equal(output.trim(), join(folder, "one.test.mjs"));
});

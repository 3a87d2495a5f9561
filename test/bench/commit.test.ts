import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { findWriteProblem } from "../../bench/find-write-problem.ts";
import { commitOf } from "../../bench/report/commit.ts";
import { atEnd } from "../shared/at-end.ts";

const folder = mkdtempSync(join(tmpdir(), "haven-bench-test-"));
atEnd(() => rmSync(folder, { recursive: true, force: true }));

test("the commit is unknown without git history or without git", () => {
  assert.equal(commitOf(folder), "unknown");
  const path = process.env["PATH"];
  process.env["PATH"] = folder;
  try {
    assert.equal(commitOf(), "unknown");
  } finally {
    process.env["PATH"] = path;
  }
});

test("an unwritable report file is reported before the measurement", () => {
  assert.equal(findWriteProblem(join(folder, "new", "x.md"), "images"), undefined);
  assert.match(findWriteProblem(folder, "images") ?? "", /^The report cannot be written: EISDIR/);
  assert.match(findWriteProblem("/dev/null/x.md", "images") ?? "", /^The report cannot be written: /);
});

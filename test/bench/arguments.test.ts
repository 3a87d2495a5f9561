import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readArguments, UsageError } from "../../bench/arguments.ts";

const names = ["probes", "start"];

test("the whole run writes the report, a quick or partial run only with --report", () => {
  assert.deepEqual(readArguments([], names), {
    quick: false,
    capacity: false,
    only: [],
    report: "docs/performance.md",
  });
  assert.deepEqual(readArguments(["--quick"], names), { quick: true, capacity: false, only: [], report: undefined });
  assert.deepEqual(readArguments(["--only", "start", "--only", "probes"], names), {
    quick: false,
    capacity: false,
    only: ["start", "probes"],
    report: undefined,
  });
  assert.deepEqual(readArguments(["--capacity"], names), {
    quick: false,
    capacity: true,
    only: [],
    report: "docs/capacity.md",
  });
  assert.deepEqual(readArguments(["--report", "x.md"], names), {
    quick: false,
    capacity: false,
    only: [],
    report: "x.md",
  });
});

for (const wrong of [
  ["--nope"],
  ["--only"],
  ["--only", "speed"],
  ["--quick=1"],
  ["--quick", "--report", "x.md"],
  ["--capacity", "--only", "start"],
  ["stray"],
]) {
  test(`${wrong.join(" ")} is rejected`, () => {
    assert.throws(() => readArguments(wrong, names), UsageError);
  });
}

test("a wrong command line prints the usage and exits with 2, --help with 0", () => {
  const main = fileURLToPath(new URL("../../bench/main.ts", import.meta.url));
  const run = (argument: string) => spawnSync(process.execPath, [main, argument], { encoding: "utf8" });
  const wrong = run("--nope");
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /'--nope'[\s\S]*Usage: npm run bench/);
  const help = run("--help");
  assert.equal(help.status, 0);
  assert.match(help.stdout, /^Usage: npm run bench/);
});

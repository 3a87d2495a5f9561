import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readArguments } from "../../../bench/chaos/arguments.ts";
import { faults } from "../../../bench/chaos/faults/all.ts";
import { runProgram } from "../../shared/run-program.ts";

const names = ["sigkill", "jam"];
const optionsOf = (...words: string[]) => {
  const read = readArguments(words, names);
  assert.equal(read.kind, "run", words.join(" "));
  return read.kind === "run" ? read.options : undefined;
};

test("a run of everything writes the report of the repository; a partial run only with --out", () => {
  const all = { quick: false, proxies: ["nginx", "haproxy"], servers: ["haven", "peer"] };
  const short = { quick: true, proxies: ["nginx"], servers: ["haven"] };
  assert.deepEqual(optionsOf(), { ...all, out: "docs/resilience.md" });
  assert.deepEqual(optionsOf("--quick"), short);
  assert.deepEqual(optionsOf("--quick", "--proxy", "haproxy"), { ...short, proxies: ["haproxy"] });
  assert.deepEqual(optionsOf("--only", "jam,sigkill"), { ...all, only: ["jam", "sigkill"] });
  assert.deepEqual(optionsOf("--server", "peer"), { ...all, servers: ["peer"] });
  assert.deepEqual(optionsOf("--proxy=nginx", "--out", "x.md"), { ...all, proxies: ["nginx"], out: "x.md" });
  assert.deepEqual(optionsOf("--traces", "slow"), { ...all, servers: ["haven"], traces: "slow" });
});

test("unknown names are reported", () => {
  for (const [words, why] of [
    [["--only", "flood"], /no fault "flood"/],
    [["--only", "jam,flood"], /no fault "flood"/],
    [["--server", "koa"], /no server "koa"/],
    [["--proxy", "caddy"], /no proxy "caddy"/],
    [["--traces", "lazy"], /endpoint "lazy"/],
    [["--fast"], /--fast/],
    [["quick"], /quick/],
    [["--only"], /only/],
  ] as const) {
    const read = readArguments(words, names);
    assert.equal(read.kind, "wrong", words.join(" "));
    if (read.kind === "wrong") assert.match(read.why, why);
  }
});

test("the command prints its usage, and exits with 2 after wrong usage", async () => {
  const main = fileURLToPath(new URL("../../../bench/chaos/main.ts", import.meta.url));
  const help = await runProgram(process.execPath, [main, "--help"]);
  assert.equal(help.code, 0);
  for (const { name } of faults) assert.ok(help.output.includes(name), name);
  const wrong = await runProgram(process.execPath, [main, "--only", "flood"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.output, /no fault "flood"[\s\S]*Usage:/);
});

test("every fault has a unique name and a description; the quick run contains the faults for CI", () => {
  assert.equal(new Set(faults.map(({ name }) => name)).size, faults.length);
  for (const { name, description } of faults) assert.match(description, /^[A-Z].{20,140}\.$/, name);
  assert.deepEqual(
    faults.filter(({ quick }) => quick).map(({ name }) => name),
    ["rolling-restart", "sigkill", "proxy-reload", "redis-killed", "postgres-killed"],
  );
  for (const { title } of faults) assert.equal(faults.filter((one) => one.title === title).length, 1, title);
  const first = faults.findLastIndex(({ replacesProcesses }) => replacesProcesses);
  assert.ok(faults.slice(0, first).every(({ replacesProcesses }) => replacesProcesses));
});

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createPasswordCommand } from "../../src/core/password-command.ts";
import { atEnd } from "../shared/at-end.ts";

const folder = mkdtempSync(join(tmpdir(), "haven-command-"));
atEnd(() => rmSync(folder, { recursive: true }));
const runs = join(folder, "runs");
const token = join(folder, "token");
const limits = { timeoutMs: 2000, cacheMs: 60_000 };
const counted = ["sh", "-c", 'echo >>"$0"; cat "$1"', runs, token];
const count = () => readFileSync(runs, "utf8").length;

test("the output is the password, without its line break, and the program runs once for all connections", async () => {
  writeFileSync(runs, "");
  writeFileSync(token, "first token\n");
  const command = createPasswordCommand({ commandLine: counted, ...limits });
  assert.equal(command.last(), undefined);
  assert.deepEqual(await Promise.all([command.fresh(), command.fresh()]), ["first token", "first token"]);
  writeFileSync(token, "second\n");
  assert.equal(await command.fresh(), "first token");
  assert.equal(count(), 1);
  command.invalidate();
  assert.equal(await command.fresh(), "second");
  assert.equal(command.last(), "second");
});

test("after the time of the cache the program runs again, and a failed run keeps the last password", async () => {
  writeFileSync(runs, "");
  writeFileSync(token, "first");
  const command = createPasswordCommand({ commandLine: counted, timeoutMs: 2000, cacheMs: 0 });
  assert.equal(await command.fresh(), "first");
  rmSync(token);
  assert.equal(await command.fresh(), "first");
  assert.equal(count(), 2);
  command.invalidate();
  await assert.rejects(command.fresh(), { code: "exit code 1" });
});

test("a program that fails, hangs, prints nothing or does not exist is reported without its output", async () => {
  for (const [commandLine, code] of [
    [["sh", "-c", "echo hunter2; echo hunter2 >&2; exit 3"], "exit code 3"],
    [["sleep", "30"], "time-out"],
    [["true"], "no output"],
    [[join(folder, "absent")], "exit code ENOENT"],
  ] as const) {
    const command = createPasswordCommand({ commandLine, timeoutMs: 300, cacheMs: 0 });
    await assert.rejects(command.fresh(), (error: Error & { code?: string }) => {
      assert.equal(error.code, code);
      assert.doesNotMatch(String(error), /hunter2/);
      return true;
    });
  }
});

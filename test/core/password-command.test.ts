import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createPasswordCommand } from "../../src/core/password-command.ts";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { runProgram } from "../shared/run-program.ts";
import { startStopwatch } from "../shared/stopwatch.ts";

const folder = mkdtempSync(join(tmpdir(), "haven-command-"));
atEnd(() => rmSync(folder, { recursive: true }));
const runs = join(folder, "runs");
const token = join(folder, "token");
const limits = { timeoutMs: 2000, cacheMs: 60_000 };
const countingCommand = ["sh", "-c", 'echo >>"$0"; cat "$1"', runs, token];
const count = () => readFileSync(runs, "utf8").length;

test("the output is the password, without its line break, and the program runs once for all connections", async () => {
  writeFileSync(runs, "");
  writeFileSync(token, "first token\n");
  const command = createPasswordCommand({ commandLine: countingCommand, ...limits });
  assert.equal(command.last(), undefined);
  assert.deepEqual(await Promise.all([command.fresh(), command.fresh()]), ["first token", "first token"]);
  writeFileSync(token, "second\n");
  assert.equal(await command.fresh(), "first token");
  assert.equal(count(), 1);
  command.invalidate();
  assert.equal(await command.fresh(), "second");
  assert.equal(command.last(), "second");
});

test("after the cache has expired the program runs again, and if it fails, the last password is used", async () => {
  writeFileSync(runs, "");
  writeFileSync(token, "first");
  const command = createPasswordCommand({ commandLine: countingCommand, timeoutMs: 2000, cacheMs: 0 });
  assert.equal(await command.fresh(), "first");
  rmSync(token);
  assert.equal(await command.fresh(), "first");
  assert.equal(count(), 2);
  command.invalidate();
  await assert.rejects(command.fresh(), { code: "exit code 1" });
});

test("a program that fails, hangs, prints nothing or too much, or does not exist is reported without its output", async () => {
  for (const [commandLine, code, timeoutMs] of [
    [["sh", "-c", "echo hunter2; echo hunter2 >&2; exit 3"], "exit code 3", 20_000],
    [["sh", "-c", "echo hunter2; kill -9 $$"], "signal SIGKILL", 20_000],
    [["sleep", "30"], "time-out", 300],
    [["true"], "no output", 20_000],
    [["sh", "-c", "yes hunter2 | head -c 1000000000"], "too much output", 20_000],
    [["sh", "-c", "yes hunter2 >&2 & echo $!; sleep 30"], "time-out", 300],
    [["sh", "-c", "read answer && echo hunter2"], "exit code 1", 20_000],
    [[join(folder, "absent")], "ENOENT", 20_000],
  ] as const) {
    const command = createPasswordCommand({ commandLine, timeoutMs, cacheMs: 0 });
    await assert.rejects(command.fresh(), (error: Error & { code?: string }) => {
      assert.equal(error.code, code);
      assert.doesNotMatch(String(error), /hunter2/);
      return true;
    });
  }
});

test("when the program times out, the processes that it has started are ended as well", async () => {
  const pidFile = join(folder, "pid");
  const commandLine = ["sh", "-c", 'sleep 60 & echo $! >"$0"; wait', pidFile];
  const command = createPasswordCommand({ commandLine, timeoutMs: 500, cacheMs: 0 });
  await assert.rejects(command.fresh(), { code: "time-out" });
  const pid = Number(readFileSync(pidFile, "utf8"));
  assert.ok(pid > 0);
  await eventually(
    () => isRunning(pid),
    (running) => !running,
  );
});

test("a program that still runs when the server exits is ended with it", async () => {
  const pidFile = join(folder, "pid of the last run");
  const script = `
    import { existsSync } from "node:fs";
    import { createPasswordCommand } from ${JSON.stringify(import.meta.resolve("../../src/core/password-command.ts"))};
    const commandLine = ["sh", "-c", 'echo $$ >"$0.new"; mv "$0.new" "$0"; exec sleep 60', ${JSON.stringify(pidFile)}];
    createPasswordCommand({ commandLine, timeoutMs: 60_000, cacheMs: 0 }).fresh();
    setInterval(() => existsSync(${JSON.stringify(pidFile)}) && process.exit(0), 20);`;
  const { code, output } = await runProgram(process.execPath, ["--input-type=module", "--eval", script]);
  assert.equal(code, 0, output);
  const pid = Number(readFileSync(pidFile, "utf8"));
  await eventually(
    () => isRunning(pid),
    (running) => !running,
  );
});

test("a program that still runs when a signal ends `migrate` is ended with it", async () => {
  const pidFile = join(folder, "pid of the program of migrate");
  const program = join(folder, "slow-program");
  writeFileSync(program, '#!/bin/sh\necho $$ >"$1.new"; mv "$1.new" "$1"; exec sleep 60\n', { mode: 0o755 });
  const main = fileURLToPath(import.meta.resolve("../../src/main.ts"));
  const migration = spawn(process.execPath, [main, "migrate"], {
    env: {
      DATABASE_URL: "postgres://app@127.0.0.1:1/app",
      DATABASE_PASSWORD_COMMAND: `${program} "${pidFile}"`,
      PASSWORD_COMMAND_TIMEOUT_MS: "60000",
    },
    stdio: "ignore",
  });
  const exited = once(migration, "exit");
  await eventually(() => existsSync(pidFile), Boolean, 20_000);
  const pid = Number(readFileSync(pidFile, "utf8"));
  migration.kill("SIGTERM");
  assert.deepEqual(await exited, [143, null]);
  await eventually(
    () => isRunning(pid),
    (running) => !running,
  );
});

test("while the program hangs, only the first connection waits for it, and the others use the last password", async () => {
  const token = join(folder, "first");
  writeFileSync(token, "first");
  const program = 'if [ -e "$0" ]; then cat "$0"; else sleep 60; fi';
  const command = createPasswordCommand({ commandLine: ["sh", "-c", program, token], timeoutMs: 2000, cacheMs: 1000 });
  assert.equal(await command.fresh(), "first");
  rmSync(token);
  await sleep(1000);
  assert.equal(await command.fresh(), "first");
  const elapsedMs = startStopwatch();
  assert.equal(await command.fresh(), "first");
  assert.ok(elapsedMs() < 1000, "the program ran again at once");
});

/** A process that has ended and was not waited for has no command line. */
const isRunning = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/cmdline`).length > 0;

test("without free file descriptors a run fails, and the process goes on", async () => {
  const script = `
    import { openSync } from "node:fs";
    import { createPasswordCommand } from ${JSON.stringify(new URL("../../src/core/password-command.ts", import.meta.url).href)};
    const command = createPasswordCommand({ commandLine: ["echo", "first"], timeoutMs: 5000, cacheMs: 0 });
    try { for (;;) openSync("/dev/null"); } catch {}
    await command.fresh().then(() => console.log("no failure"), (error) => console.log(error.code));`;
  const limited = ["-c", 'ulimit -n 64; exec "$0" --input-type=module --eval "$1"', process.execPath, script];
  assert.equal((await runProgram("sh", limited)).output, "EMFILE\n");
});

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { formatLogLine } from "../../src/core/logging/log-format.ts";

const base = { time: "2026-11-30T10:20:30.456Z", service: "haven-api", instance: "api-1", version: "1" };
const format = (entry: object, options = { colour: false }) =>
  formatLogLine(JSON.stringify({ level: "info", ...base, ...entry }), options).replace(/^\d\d:\d\d:30\.456 /, "");

test("a request is one short line: status, method, path, duration, and the start of its id", () => {
  const request = {
    requestId: "0123456789abcdef",
    method: "GET",
    path: "/api/v1/units/7",
    route: "/api/v1/units/{unitId}",
    status: 200,
    durationMs: 12.345,
    address: "127.0.0.1",
    userId: "u",
    msg: "request",
  };
  assert.equal(format(request), "INFO  200 GET    /api/v1/units/7 12 ms 01234567");
  assert.equal(
    format({ ...request, aborted: true, status: 499 }),
    "INFO  499 GET    /api/v1/units/7 12 ms aborted by the client 01234567",
  );
});

test("an error has its code and its causes in the same line", () => {
  const err = {
    type: "AppError",
    code: "unavailable",
    message: "The database cannot be reached.",
    cause: { type: "Error", code: "ECONNREFUSED", frames: ["at connect (net.ts:1:1)"] },
  };
  assert.equal(
    format({ level: "warn", err, route: "/api", msg: "request failed" }),
    "WARN  request failed AppError unavailable: The database cannot be reached., caused by Error ECONNREFUSED route=/api",
  );
});

test("a long list is shown as its first value, its last value and its length", () => {
  assert.equal(format({ msg: "migrated", applied: ["1.sql", "2.sql"] }), 'INFO  migrated applied=["1.sql","2.sql"]');
  const applied = ["1.sql", "2.sql", "3.sql", "4.sql", "5.sql"];
  assert.equal(format({ msg: "migrated", applied }), "INFO  migrated applied=1.sql … 5.sql (5)");
});

test("only a terminal gets colours", () => {
  assert.ok(format({ level: "error", msg: "x" }, { colour: true }).includes("\u001b[31m"));
  assert.ok(!format({ level: "error", msg: "x" }).includes("\u001b"));
});

test("control characters are removed, and text that is not a log line is otherwise unchanged", () => {
  assert.equal(formatLogLine("plain \u001b]0;title\u0007 text", { colour: false }), "plain  ]0;title  text");
  assert.ok(!/\p{Cc}/u.test(format({ msg: "a\u001b[2Jb\nc\u009b", extra: { deep: "\u001b" } })));
  for (const line of ["{", "{}", "[1]", '{"msg"', "null"]) assert.equal(formatLogLine(line, { colour: false }), line);
});

test("the command `logs` formats its input, and names the instance of each line once there are several", async () => {
  const child = spawn(process.execPath, [fileURLToPath(new URL("../../src/main.ts", import.meta.url)), "logs"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = ["one", "two", "one"].map((instance) =>
    JSON.stringify({ level: "info", ...base, instance, msg: `from ${instance}` }),
  );
  child.stdin.end(`${lines.join("\n")}\nno JSON\n`);
  const output = (await text(child.stdout)).trimEnd().split("\n");
  assert.deepEqual(
    output.map((line) => line.replace(/^\d\d:\d\d:\d\d\.\d{3} /, "")),
    ["INFO  from one", "INFO  two from two", "INFO  one from one", "no JSON"],
  );
});

test("a line of an embedded engine does not repeat the engine", () => {
  const line = { engine: "postgres", port: 5, pid: 7, msg: "embedded postgres started" };
  assert.equal(format(line), "INFO  embedded postgres started port=5 pid=7");
});

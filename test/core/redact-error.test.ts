import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../src/core/errors/app-error.ts";
import { redactError } from "../../src/core/errors/redact-error.ts";

const driverError = Object.assign(new Error("connect ECONNREFUSED db.internal:5432 for haven:hunter2"), {
  code: "ECONNREFUSED",
});

test("a driver error keeps its code and stack frames, without its message", () => {
  const facts = redactError(driverError);
  assert.doesNotMatch(JSON.stringify(facts), /db\.internal|hunter2/);
  assert.equal(facts.code, "ECONNREFUSED");
  assert.match(facts.frames?.[0] ?? "", /redact-error\.test\.ts/);
});

test("a message of several lines is not logged with the stack", () => {
  const facts = redactError(new Error("first\nhunter2 in the second\n  at hunter2 in the third"));
  assert.doesNotMatch(
    JSON.stringify({ ...facts, frames: facts.frames?.filter((line) => !line.startsWith("at hunter2")) }),
    /hunter2/,
  );
});

test("an AppError keeps its message, and its cause is redacted", () => {
  const facts = redactError(new AppError("unavailable", "The database cannot answer.", { cause: driverError }));
  assert.equal(facts.message, "The database cannot answer.");
  assert.equal(facts.cause?.code, "ECONNREFUSED");
  assert.doesNotMatch(JSON.stringify(facts), /hunter2/);
});

test("a TypeError of the engine keeps its message", () => {
  assert.match(redactError(new TypeError("x is not a function")).message ?? "", /not a function/);
});

test("thrown values that are not errors are logged by type", () => {
  for (const thrown of [undefined, null, "text", 7, { hunter2: true }]) {
    assert.doesNotMatch(JSON.stringify(redactError(thrown)), /hunter2/);
  }
});

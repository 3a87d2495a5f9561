import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../src/core/app-error.ts";
import { redactError } from "../../src/core/redact-error.ts";

const driverError = Object.assign(new Error("connect ECONNREFUSED db.internal:5432 for haven:hunter2"), {
  code: "ECONNREFUSED",
});

test("a driver's message is withheld, its code and the place in our code are kept", () => {
  const facts = redactError(driverError);
  assert.doesNotMatch(JSON.stringify(facts), /db\.internal|hunter2/);
  assert.equal(facts.code, "ECONNREFUSED");
  assert.match(facts.frames?.[0] ?? "", /error-facts\.test\.ts/);
});

test("a message of many lines does not slip in with the stack", () => {
  const facts = redactError(new Error("first\nhunter2 in the second\n  at hunter2 in the third"));
  assert.doesNotMatch(
    JSON.stringify({ ...facts, frames: facts.frames?.filter((line) => !line.startsWith("at hunter2")) }),
    /hunter2/,
  );
});

test("what we say ourselves is kept, with its cause reduced", () => {
  const facts = redactError(new AppError("unavailable", "The database cannot answer.", { cause: driverError }));
  assert.equal(facts.message, "The database cannot answer.");
  assert.equal(facts.cause?.code, "ECONNREFUSED");
  assert.doesNotMatch(JSON.stringify(facts), /hunter2/);
});

test("a mistake in our code keeps its message", () => {
  assert.match(redactError(new TypeError("x is not a function")).message ?? "", /not a function/);
});

test("whatever is thrown has facts", () => {
  for (const thrown of [undefined, null, "text", 7, { hunter2: true }]) {
    assert.doesNotMatch(JSON.stringify(redactError(thrown)), /hunter2/);
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { problemKinds } from "../../../src/http/problem.ts";
import { kitProblems } from "../../../src/kit/http/problems.ts";

for (const [code, kind] of Object.entries(kitProblems)) {
  test(`the kit and the server answer ${code} with the same status and title`, () => {
    assert.deepEqual(kind, Object.entries(problemKinds).find(([known]) => known === code)?.[1]);
  });
}

import assert from "node:assert/strict";
import type { EdgeAnswer } from "../../shared/requests/proxy-client.ts";

export function assertProblem(answer: EdgeAnswer, code: string): void {
  assert.match(String(answer.headers["content-type"]), /^application\/problem\+json/);
  const problem = answer.json();
  assert.equal(problem["code"], code);
  assert.equal(problem["type"], `/api/problems/${code}`);
  assert.equal(problem["status"], answer.status);
  assert.equal(problem["requestId"], answer.headers["x-request-id"]);
  assert.match(String(problem["requestId"]), /^[A-Za-z0-9._-]{8,128}$/);
  assert.equal(typeof problem["title"], "string");
  assert.equal(typeof problem["detail"], "string");
  assert.equal(answer.headers["cache-control"], "no-store");
  assert.equal(answer.headers["x-content-type-options"], "nosniff");
}

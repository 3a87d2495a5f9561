import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { addDemoData } from "../../src/embedded/engines.ts";
import { ask } from "../shared/requests/http.ts";
import { sameSecret } from "../shared/requests/people.ts";
import { startHaven } from "../support/haven.ts";

const file = readFileSync(new URL("../../requests.http", import.meta.url), "utf8");

test("requests.http works from the first request to the last with the demo data", async () => {
  const { url, running } = await startHaven({ env: sameSecret });
  const { db, passwords } = running.parts;
  await addDemoData({ query: db.query, hash: passwords.hash });
  const answers: Record<string, unknown> = {};
  const statuses: number[] = [];
  for (const section of file.split(/^### .*\n/m).slice(1)) {
    const [, name] = /^# @name (\w+)$/m.exec(section) ?? [];
    const filled = section
      .replaceAll(/^#.*\n/gm, "")
      .replaceAll("{{server}}", url)
      .replaceAll("{{json}}", "application/json")
      .replaceAll(/\{\{(\w+)\.response\.body\.([^}]+)\}\}/g, (_, from, path) => memberOf(answers[from], path));
    const [head = "", body] = filled.trim().split("\n\n");
    const [line = "", ...headerLines] = head.split("\n");
    const [method = "", target = ""] = line.split(" ");
    const headers = Object.fromEntries(headerLines.map((one) => one.split(": ")));
    const answer = await ask(target, { method, headers, ...(body !== undefined && { body }) });
    statuses.push(answer.status);
    if (name !== undefined) answers[name] = answer.json();
  }
  assert.deepEqual(statuses, [200, 200, 200, 200, 201, 200, 201]);
});

/** Returns the value at a path such as `items[0].id`. */
function memberOf(value: unknown, path: string): string {
  const member = path.split(/[.[\]]+/).reduce((parent: unknown, key) => Object(parent)[key], value);
  return String(member);
}

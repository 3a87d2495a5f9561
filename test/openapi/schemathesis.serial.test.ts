import assert from "node:assert/strict";
import { test } from "node:test";
import { newPerson, register } from "../shared/requests/people.ts";
import { withoutSchemathesis } from "./support/schemathesis.ts";
import { operatorToken, runSchemathesis, startForSchemathesis } from "./support/schemathesis-run.ts";

test("schemathesis finds no violation with a user's token and an operator's token", withoutSchemathesis, async (t) => {
  const { url } = await startForSchemathesis();
  const person = newPerson();
  await register(url, person);
  const { code, output, requests } = await runSchemathesis({ url, credentials: { ...person, operatorToken } });
  t.diagnostic(`${requests} requests`);
  assert.equal(code, 0, output);
  assert.ok(requests > 2000, output);
});

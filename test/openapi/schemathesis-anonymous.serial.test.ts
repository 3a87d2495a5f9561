import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutSchemathesis } from "./support/schemathesis.ts";
import { runSchemathesis, startForSchemathesis } from "./support/schemathesis-run.ts";

test("all checks of schemathesis pass without a token", withoutSchemathesis, async (t) => {
  const { url } = await startForSchemathesis();
  const { code, output, requests } = await runSchemathesis({ url });
  t.diagnostic(`${requests} requests`);
  assert.equal(code, 0, output);
  assert.ok(requests > 2000, output);
});

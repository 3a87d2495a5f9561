import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../shared/eventually.ts";
import { ask } from "../shared/requests/http.ts";
import { startFaultyHaven } from "../support/faulty-haven.ts";

type Report = {
  details: { commit: string | null; settings: Record<string, string> };
  lastErrors: Record<string, { code: string; at: string }>;
};

test("the report has the commit, the changed settings without secrets, and the last error code of a store that is up again", async () => {
  const haven = await startFaultyHaven({ env: { BUILD_COMMIT: "3f2a91c", DB_POOL_MAX: "7" } });
  const report = async () => (await ask(`${haven.url}/health/detailed`)).json() as Report;
  await haven.postgres.set("refuse");
  await haven.until("postgres", "down", 20_000);
  await haven.postgres.set("pass");
  await haven.until("postgres", "up", 20_000);
  const { details, lastErrors } = await eventually(report, (one) => "postgres" in one.lastErrors);
  assert.equal(details.commit, "3f2a91c");
  assert.partialDeepStrictEqual(details.settings, { DB_POOL_MAX: "7", DATABASE_URL: "(set)", REDIS_URL: "(set)" });
  assert.match(lastErrors["postgres"]?.code ?? "", /^[A-Z0-9_]{3,40}$/);
});

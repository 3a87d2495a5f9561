import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../shared/requests/http.ts";
import { testRoutes } from "../shared/servers/test-routes.ts";
import { block } from "../support/block.ts";
import { startHaven } from "../support/haven.ts";

test("a stall of the server moves the deadline of a request, and a request that is too slow is still aborted", async () => {
  const { url } = await startHaven({ env: { REQUEST_TIMEOUT_MS: "600" }, overrides: { routes: testRoutes } });
  const delayed = ask(`${url}/test/slow/200`);
  const startedAt = performance.now();
  const tooSlow = ask(`${url}/test/slow/5000`);
  await sleep(100);
  block(700);
  assert.equal((await delayed).status, 200);
  assert.equal((await tooSlow).status, 503);
  const ms = performance.now() - startedAt;
  // The deadline is later than 600 ms, because most of the stall does not count.
  assert.ok(ms > 1000 && ms < 5000, `${ms} ms`);
});

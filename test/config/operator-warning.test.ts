import assert from "node:assert/strict";
import { test } from "node:test";
import { sameSecret } from "../shared/requests/people.ts";
import { startHavenProcess } from "../shared/servers/haven-process.ts";

const noDrain = { DRAIN_DELAY_MS: "0", DRAIN_LINGER_MS: "0" };

/** Runs the server until it has exited, because only then is its log complete. */
async function warnings(env: Record<string, string>) {
  const haven = await startHavenProcess({
    entry: "main",
    env: { NODE_ENV: "production", ...sameSecret, ...noDrain, ...env },
  });
  haven.child.kill("SIGTERM");
  assert.deepEqual(await haven.exited, { code: 0, signal: null });
  return haven
    .output()
    .split("\n")
    .filter((line) => line.includes("operator endpoints"));
}

test("production with neither OPS_TOKEN nor MANAGEMENT_PORT logs one warning at start", async () => {
  const [line, ...others] = await warnings({});
  assert.match(line ?? "", /"level":"warn".*"msg":"operator endpoints are public: set OPS_TOKEN or MANAGEMENT_PORT"/);
  assert.deepEqual(others, []);
});

test("production with OPS_TOKEN or MANAGEMENT_PORT, and development, log no warning", async () => {
  for (const env of [
    { OPS_TOKEN: "an-operators-token-of-this-test" },
    { MANAGEMENT_PORT: "0" },
    { NODE_ENV: "development" },
  ])
    assert.deepEqual(await warnings(env), []);
});

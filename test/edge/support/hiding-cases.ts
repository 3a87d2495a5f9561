import assert from "node:assert/strict";
import { test } from "node:test";
import { freshAddress, send } from "../../shared/requests/proxy-client.ts";
import { type Edge, logged, recovered, seenOf } from "./edge.ts";
import { assertProblem } from "./problem.ts";

/** Hidden paths, and the probes, which are public. */
export function hidingCases(edge: () => Edge): void {
  for (const [spelling, title] of hiddenSpellings) {
    test(`${JSON.stringify(spelling)} is hidden from the public: ${title}`, async () => {
      for (const tls of [false, true]) {
        const answer = await send(spelling, { tls });
        assert.equal(answer.status, 404, answer.text);
        assertProblem(answer, "not_found");
      }
      assert.deepEqual(seenOf(edge(), spelling), []);
    });
  }

  for (const path of ["/metricsx", "/api/v1/instances-of-joy", "/health/detail", "/xmetrics", "/api/metrics"]) {
    test(`${path} is public`, async () => {
      assert.equal((await send(path)).status, 200);
    });
  }

  test("probes are public, without a limit, and not logged", async () => {
    const from = freshAddress();
    const probes = ["/health", "/alive", "/readyz", "/health/ready", "/ready/postgres", "/ready?verbose"];
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => probes)
        .flat()
        .map((path) => send(path, { from })),
    );
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    await send("/api/v1/marker", { from });
    await logged(edge().proxy, "/api/v1/marker");
    const inLog = edge()
      .proxy.accessLog()
      .filter(({ path }) => probes.includes(path) || path === "/ready");
    assert.deepEqual(inLog, []);
    // On a slow machine, the load may have delayed the checks of the instances.
    await recovered();
  });
}

const hiddenSpellings = [
  ["/metrics", "as it is"],
  ["/metrics/", "with a slash behind"],
  ["//metrics", "with two slashes in front"],
  ["/%6detrics", "with an escape"],
  ["/%6D%65trics?x=1", "with escapes and a query"],
  ["/METRICS", "in capitals"],
  ["/ready/../metrics", "by a way through a probe"],
  ["/ready/%2e%2e/metrics", "by an escaped way"],
  ["/./metrics", "with a dot"],
  ["/metrics%2f", "with an escaped slash"],
  ["/metrics;x", "with a parameter"],
  ["/health/detailed", "as it is"],
  ["/health/detailed/", "with a slash behind"],
  ["/health//detailed", "with two slashes"],
  ["/health%2Fdetailed", "with an escaped slash"],
  ["/api/v1/circuit-breakers", "as it is"],
  ["/api/v1/circuit%2dbreakers", "with an escape"],
  ["/api/v1/instances", "as it is"],
  ["/api/v1/instances/", "with a slash behind"],
  ["/api/v1//instances", "with two slashes"],
  ["/api/v1/%69nstances", "with an escape"],
  ["/API/v1/Instances", "in capitals"],
  ["/api/v1/stream/%2e%2e/instances", "by an escaped way"],
] as const;

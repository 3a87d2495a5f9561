import assert from "node:assert/strict";
import { test } from "node:test";
import { freshAddress, send } from "../../shared/requests/proxy-client.ts";
import { type Edge, receivedRequests, waitForAllUpstreams, waitForLogLine } from "../support/edge.ts";
import { assertProblem } from "../support/problem.ts";

/** Registers the tests of the paths that the proxy hides, and of the probes, which are public. */
export function hiddenPathCases(edge: () => Edge): void {
  for (const [spelling, title] of hiddenSpellings) {
    test(`${JSON.stringify(spelling)} is hidden from the public: ${title}`, async () => {
      for (const tls of [false, true]) {
        const answer = await send(spelling, { tls });
        assert.equal(answer.status, 404, answer.text);
        assertProblem(answer, "not_found");
      }
      assert.deepEqual(receivedRequests(edge(), spelling), []);
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
    await waitForLogLine(edge().proxy, "/api/v1/marker");
    const inLog = edge()
      .proxy.accessLog()
      .filter(({ path }) => probes.includes(path) || path === "/ready");
    assert.deepEqual(inLog, []);
    // On a slow machine, the load may have delayed the checks of the instances.
    await waitForAllUpstreams();
  });
}

const hiddenSpellings = [
  ["/metrics", "the exact path"],
  ["/metrics/", "with a trailing slash"],
  ["//metrics", "with two leading slashes"],
  ["/%6detrics", "percent-encoded"],
  ["/%6D%65trics?x=1", "percent-encoded, with a query"],
  ["/METRICS", "in capitals"],
  ["/ready/../metrics", "with dot segments after a probe path"],
  ["/ready/%2e%2e/metrics", "with encoded dot segments"],
  ["/./metrics", "with a single-dot segment"],
  ["/metrics%2f", "with an encoded trailing slash"],
  ["/metrics;x", "with a parameter"],
  ["/health/detailed", "the exact path"],
  ["/health/detailed/", "with a trailing slash"],
  ["/health//detailed", "with two slashes"],
  ["/health%2Fdetailed", "with an encoded slash"],
  ["/api/v1/circuit-breakers", "the exact path"],
  ["/api/v1/circuit%2dbreakers", "percent-encoded"],
  ["/api/v1/instances", "the exact path"],
  ["/api/v1/instances/", "with a trailing slash"],
  ["/api/v1//instances", "with two slashes"],
  ["/api/v1/%69nstances", "percent-encoded"],
  ["/API/v1/Instances", "in capitals"],
  ["/api/v1/stream/%2e%2e/instances", "with encoded dot segments"],
] as const;

import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../shared/eventually.ts";
import { send, sendJson } from "../../shared/requests/proxy-client.ts";
import { names } from "../../shared/servers/fleet.ts";
import { haproxyIsAtLeast } from "../../shared/servers/proxies.ts";
import { type Edge, freshPath, receivedRequests, stopAllUpstreams, waitForAllUpstreams } from "../support/edge.ts";
import { assertProblem } from "../support/problem.ts";

/**
 * Returns the response of a request whose instance closes the connection, or undefined if the proxy closes the connection of
 * the client without a response. Only HAProxy 3 does so, after a failure of a reused connection (docs/load-balancing.md).
 */
async function responseOrClosed(edge: Edge, request: ReturnType<typeof send>) {
  try {
    return await request;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ECONNRESET")) throw error;
    assert.ok(edge.proxy.name === "haproxy" && (await haproxyIsAtLeast("3.0")));
    return undefined;
  }
}

/** Registers the tests of which requests the proxy retries when an instance fails, refuses connections or dies. */
export function retryCases(edge: () => Edge): void {
  test("50 responses with 500 on one URL take no instance out of rotation", async () => {
    edge().backends.behave((request, response, name) => {
      response.writeHead(request.url === "/api/v1/broken" ? 500 : 200).end(name);
    });
    for (let count = 0; count < 50; count += 1) assert.equal((await send("/api/v1/broken")).status, 500);
    await assertAllInRotation();
    assert.equal(edge().backends.received.filter(({ url }) => url === "/api/v1/broken").length, 50);
    edge().backends.behave();
  });

  test("four GETs of one URL that resets its connection take no instance out of rotation", async () => {
    edge().backends.behave((request, response, name) => {
      if (request.url?.startsWith("/api/v1/resets")) request.socket.resetAndDestroy();
      else response.end(name);
    });
    for (let count = 0; count < 4; count += 1) {
      const answer = await responseOrClosed(edge(), send("/api/v1/resets"));
      assert.ok(answer === undefined || answer.status === 502);
    }
    await assertAllInRotation();
    edge().backends.behave();
  });

  test("a POST with a refused connection is retried on another instance", async () => {
    await edge().backends.close("api-server-2");
    const answers = await Promise.all(Array.from({ length: 30 }, () => sendJson("/api/v1/refused", { name: "x" })));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    assert.equal(receivedRequests(edge(), "/api/v1/refused").length, 30);
    await edge().backends.open("api-server-2");
    await waitForAllUpstreams();
  });

  test("when an instance dies while processing a request, the proxy retries a GET and never a POST or PATCH", async () => {
    let deaths = 0;
    edge().backends.behave((request, response, name) => {
      if (deaths === 0) {
        deaths += 1;
        request.socket.destroy();
      } else response.end(name);
    });
    for (const method of ["POST", "PATCH"]) {
      deaths = 0;
      const path = freshPath();
      const answer = await responseOrClosed(edge(), send(path, { method, body: "{}" }));
      assert.equal(receivedRequests(edge(), path).length, 1);
      if (answer === undefined) continue;
      assert.equal(answer.status, 502);
      assertProblem(answer, "unavailable");
    }
    deaths = 0;
    const path = freshPath();
    assert.equal((await send(path)).status, 200);
    assert.equal(receivedRequests(edge(), path).length, 2);
    edge().backends.behave();
  });

  test("without a running instance, requests get 502 or 503 within 1 s, and succeed within 6.5 s after the restart", async () => {
    await stopAllUpstreams(edge());
    await send("/api/v1/first");
    for (let count = 0; count < 20; count += 1) {
      const answer = await send("/api/v1/unknown");
      assert.ok([502, 503].includes(answer.status), String(answer.status));
      assert.ok(answer.ms < 1000, `${answer.ms} ms`);
      assertProblem(answer, "unavailable");
      assert.match(String(answer.headers["retry-after"]), /^\d+$/);
    }
    for (const name of names) await edge().backends.open(name);
    const openedAt = performance.now();
    await eventually(
      () => send("/api/v1/again"),
      ({ status }) => status === 200,
      7000,
      50,
    );
    const blackoutMs = performance.now() - openedAt;
    assert.ok(blackoutMs < 6500, `${blackoutMs} ms`);
    await waitForAllUpstreams();
  });
}

/** Asserts that each instance answers some of 30 requests. The instances answer with their names. */
async function assertAllInRotation(): Promise<void> {
  const answered = new Set<string>();
  for (let count = 0; count < 30; count += 1) {
    const { status, text } = await send("/api/v1/sound");
    assert.equal(status, 200);
    answered.add(text);
  }
  assert.deepEqual([...answered].sort(), [...names]);
}

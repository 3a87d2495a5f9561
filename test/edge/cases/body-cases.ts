import assert from "node:assert/strict";
import { test } from "node:test";
import { maxUploadBytes } from "../../../src/config/upload-limits.ts";
import { send, sendJson } from "../../shared/requests/proxy-client.ts";
import { type Edge, freshPath, receivedRequests } from "../support/edge.ts";
import { assertProblem } from "../support/problem.ts";

/** Registers the tests of the maximum body size and of compression. */
export function bodyCases(edge: () => Edge): void {
  test("a body of the maximum size passes, and the proxy rejects a larger one with 413", async () => {
    const path = freshPath();
    const allowed = await send(path, { method: "POST", body: Buffer.alloc(maxUploadBytes) });
    assert.equal(allowed.status, 200);
    assert.equal(receivedRequests(edge(), path)[0]?.bytes, maxUploadBytes);
    const headers = { "content-length": String(maxUploadBytes + 1), expect: "100-continue" };
    const tooLarge = await send(path, { method: "POST", headers });
    assert.equal(tooLarge.status, 413);
    assertProblem(tooLarge, "payload_too_large");
    assert.equal(receivedRequests(edge(), path).length, 1);
  });

  test("JSON is compressed if the client accepts compression, but a response to a sign-in is never compressed", async () => {
    edge().backends.behave((_request, response) => {
      response.writeHead(200, { "Content-Type": "application/json", ETag: '"abc"' });
      response.end(JSON.stringify({ text: "a".repeat(5000) }));
    });
    const accepting = { headers: { "accept-encoding": "gzip" } };
    const list = await send(freshPath(), accepting);
    assert.equal(list.headers["content-encoding"], "gzip");
    assert.match(String(list.headers["vary"]), /accept-encoding/i);
    assert.equal((await send(freshPath())).headers["content-encoding"], undefined);
    for (const path of ["/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/auth/refresh/"]) {
      assert.equal((await sendJson(path, {}, accepting)).headers["content-encoding"], undefined, path);
    }
    edge().backends.behave();
  });
}

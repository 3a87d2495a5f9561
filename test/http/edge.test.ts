import assert from "node:assert/strict";
import { before, test } from "node:test";
import { eventually } from "../shared/eventually.ts";
import { ask, raw } from "../shared/requests/http.ts";
import { testRoutes } from "../shared/servers/test-routes.ts";
import { type Haven, type LogLine, startHaven } from "../support/haven.ts";

let haven: Haven;
before(async () => {
  haven = await startHaven({ env: { REQUEST_TIMEOUT_MS: "600" }, overrides: { routes: testRoutes } });
});

test("a well-formed request id from a trusted proxy is used in the response, the problem and the log", async () => {
  const id = "from-the-proxy.0001";
  const answer = await ask(`${haven.url}/nowhere`, { headers: { "x-request-id": id } });
  assert.equal(answer.headers["x-request-id"], id);
  assert.partialDeepStrictEqual(answer.json(), { requestId: id, code: "not_found", status: 404 });
  await eventually(
    () => haven.logs,
    (logs) => logs.some((line) => line["requestId"] === id && line["status"] === 404),
  );
});

for (const bad of ["short", "has space in it", `x${"y".repeat(128)}`, "semi;colon;id", 'quote"quote']) {
  test(`the request id ${JSON.stringify(bad.slice(0, 20))} is replaced`, async () => {
    const answer = await ask(`${haven.url}/api`, { headers: { "x-request-id": bad } });
    assert.match(String(answer.headers["x-request-id"]), /^[0-9a-f-]{36}$/);
  });
}

test("a request id from an untrusted peer is replaced", async () => {
  const havenBehindOtherProxies = await startHaven({ env: { TRUST_PROXY: "10.0.0.0/8" } });
  const answer = await ask(`${havenBehindOtherProxies.url}/api`, { headers: { "x-request-id": "from-a-stranger" } });
  assert.notEqual(answer.headers["x-request-id"], "from-a-stranger");
});

test("an unknown path gets 404, and a known path with another method gets 405 with Allow", async () => {
  assert.equal((await ask(`${haven.url}/nowhere`)).status, 404);
  const answer = await ask(`${haven.url}/test/items/7`, { method: "DELETE" });
  assert.equal(answer.status, 405);
  assert.equal(answer.headers.allow, "GET, HEAD");
});

test("every response has the security headers and does not mention Express", async () => {
  for (const path of ["/api", "/nowhere", "/test/fail"]) {
    const { headers } = await ask(haven.url + path);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["x-frame-options"], "DENY");
    assert.match(String(headers["content-security-policy"]), /default-src 'none'/);
    assert.equal(headers["x-powered-by"], undefined);
  }
});

test("an unexpected error returns a 500 without details, and is logged with its request id and without its message", async () => {
  const answer = await ask(`${haven.url}/test/fail`);
  assert.equal(answer.status, 500);
  assert.doesNotMatch(answer.text, /hunter2|postgres|\.ts/);
  const id = answer.headers["x-request-id"];
  const [line] = await eventually(
    () => haven.logs.filter((entry) => entry["requestId"] === id && entry.level === "error"),
    (lines) => lines.length === 1,
  );
  assert.doesNotMatch(JSON.stringify(line), /hunter2|db\.internal/);
  assert.match(JSON.stringify(line), /routes\.ts/);
});

test("a request past its deadline gets 503, and its work is aborted", async () => {
  const answer = await ask(`${haven.url}/test/slow/5000`);
  assert.equal(answer.status, 503);
  assert.partialDeepStrictEqual(answer.json(), { code: "deadline_exceeded" });
  assert.ok(answer.headers["retry-after"]);
  assert.ok(answer.ms > 500 && answer.ms < 1500, `${answer.ms} ms`);
});

test("the log has one line per request, without query, headers or body", async () => {
  await ask(`${haven.url}/test/items/9?limit=3`, {
    headers: { authorization: "Bearer very-secret", cookie: "a=very-secret" },
  });
  const [line] = await eventually(
    () => haven.logs.filter(({ path }) => path === "/test/items/9"),
    (lines) => lines.length > 0,
  );
  assert.partialDeepStrictEqual(line, { msg: "request", method: "GET", route: "/test/items/{id}", status: 200 });
  assert.doesNotMatch(JSON.stringify(haven.logs), /very-secret|limit=3/);
});

test("the log has the client address from a trusted proxy, and no address that a client has forged", async () => {
  const addressOf = async (forwarded: string) => {
    const answer = await ask(`${haven.url}/api`, { headers: { "x-forwarded-for": forwarded } });
    const isOfThisRequest = (line: LogLine) => line["requestId"] === answer.headers["x-request-id"];
    return (
      await eventually(
        () => haven.logs.find(isOfThisRequest),
        (line) => line !== undefined,
      )
    )?.["address"];
  };
  assert.equal(await addressOf("203.0.113.66, 198.51.100.7"), "198.51.100.7");
  assert.equal(await addressOf("198.51.100.7:4711"), "198.51.100.7");
  assert.equal(await addressOf("nonsense"), "127.0.0.1");
});

test("probes are not logged", async () => {
  await ask(`${haven.url}/alive`);
  await ask(`${haven.url}/ready`);
  assert.equal(haven.logs.filter(({ path }) => path === "/alive" || path === "/ready").length, 0);
});

test("the metric of requests has the route template as its label, and one label for all unknown paths", async () => {
  for (const id of [1, 2, 3]) await ask(`${haven.url}/test/items/${id}`);
  for (const id of [1, 2, 3]) await ask(`${haven.url}/unknown/${id}`);
  const { text } = await ask(`${haven.url}/metrics`);
  assert.match(text, /http_requests_total\{method="GET",route="\/test\/items\/\{id\}",status="200"\} \d/);
  assert.match(text, /http_requests_total\{method="GET",route="unknown",status="404"\} \d/);
  assert.doesNotMatch(text, /unknown\/1|items\/1/);
});

test("two requests on one connection are answered, and HEAD has no body", async () => {
  const answer = await raw(
    haven.port,
    "GET /api HTTP/1.1\r\nHost: a\r\n\r\nHEAD /api HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  );
  assert.equal(answer.match(/HTTP\/1\.1 200/g)?.length, 2);
  assert.equal(answer.match(/"service"/g)?.length, 1);
});

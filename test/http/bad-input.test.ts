import assert from "node:assert/strict";
import { before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { describedMembers } from "../../src/core/errors/problem-members.ts";
import { eventually } from "../shared/eventually.ts";
import { ask, postJson, raw } from "../shared/requests/http.ts";
import { testRoutes } from "../shared/servers/test-routes.ts";
import { type Haven, startHaven } from "../support/haven.ts";

let haven: Haven;
before(async () => {
  haven = await startHaven({ overrides: { routes: testRoutes } });
});

const echo = (body: string | Buffer, headers: Record<string, string> = { "content-type": "application/json" }) =>
  ask(`${haven.url}/test/echo`, { method: "POST", body, headers });

const nestedJson = (levels: number) => `{"name":"x","nested":${"[".repeat(levels)}${"]".repeat(levels)}}`;

const bodies: readonly (readonly [string, number, string | Buffer, Record<string, string>?])[] = [
  ["a NUL character", 400, '{"name":"a\\u0000b"}'],
  ["an unpaired surrogate", 400, '{"name":"\\ud800"}'],
  ["a NUL character in a key", 400, '{"name":"a","nested":{"\\u0000":1}}'],
  ["JSON that is 40,000 levels deep", 400, nestedJson(40_000)],
  ["a __proto__ field", 400, '{"name":"a","__proto__":{"admin":true}}'],
  ["a nested __proto__ field", 400, '{"name":"a","nested":{"__proto__":1}}'],
  ["an unknown field", 400, '{"name":"a","role":"admin"}'],
  ["a missing field", 400, "{}"],
  ["a field of the wrong type", 400, '{"name":1}'],
  ["an array", 400, "[]"],
  ["null", 400, "null"],
  ["nothing", 400, ""],
  ["an incomplete document", 400, '{"name":'],
  ["invalid UTF-8", 400, Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x7d])],
  ["no content type", 415, '{"name":"a"}', {}],
  ["a wrong content type", 415, "name=a", { "content-type": "application/x-www-form-urlencoded" }],
  ["a malformed content type", 415, '{"name":"a"}', { "content-type": "application/json/x" }],
  ["an unknown charset", 415, '{"name":"a"}', { "content-type": "application/json; charset=klingon" }],
  [
    "an unknown content encoding",
    415,
    '{"name":"a"}',
    { "content-type": "application/json", "content-encoding": "zip" },
  ],
  ["a wrong Content-Encoding", 400, '{"name":"a"}', { "content-type": "application/json", "content-encoding": "gzip" }],
  ["more than 1 MB", 413, JSON.stringify({ name: "x".repeat(1_000_000) })],
  [
    "a gzip bomb",
    413,
    gzipSync(Buffer.alloc(50_000_000, 32)),
    { "content-type": "application/json", "content-encoding": "gzip" },
  ],
];

for (const [content, status, body, headers] of bodies) {
  test(`a body with ${content} is answered with ${status}`, async () => {
    const answer = await echo(body, headers);
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.headers["content-type"], "application/problem+json");
    assert.doesNotMatch(answer.text, /node_modules|\.ts:|at .*\(/);
  });
}

test("each invalid field is listed with its error", async () => {
  const answer = await postJson(`${haven.url}/test/echo`, { name: 5, extra: true });
  assert.partialDeepStrictEqual(answer.json(), { code: "validation_failed", status: 400 });
  const { errors } = answer.json() as { errors: { path: string; message: string }[] };
  assert.deepEqual(errors.map(({ path }) => path).sort(), ["extra", "name"]);
});

for (const path of ["/test/items/%zz", "/test/items/%00", "/test/items/a%C3", "/api?x=%E0%A4%A", "/%"]) {
  test(`the path ${path} is answered with 400`, async () => {
    assert.equal((await ask(haven.url + path)).status, 400);
  });
}

test("an unknown or repeated query parameter is answered with 400", async () => {
  assert.equal((await ask(`${haven.url}/test/items/1?limit=5`)).status, 200);
  assert.equal((await ask(`${haven.url}/test/items/1?sort=name`)).status, 400);
  assert.equal((await ask(`${haven.url}/test/items/1?limit=5&limit=6`)).status, 400);
});

const malformedRequests: readonly (readonly [string, string, RegExp])[] = [
  ["a duplicate Host", "GET /api HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", / 400 /],
  ["a duplicate Host on a probe", "GET /alive HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", / 400 /],
  ["no Host", "GET /api HTTP/1.1\r\n\r\n", / 400 /],
  ["a malformed Host", "GET /api HTTP/1.1\r\nHost: a/b<c>\r\n\r\n", / 400 /],
  [
    "an unknown transfer coding",
    "POST /test/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    / 400 /,
  ],
  [
    "two transfer codings",
    "POST /test/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    / 400 /,
  ],
  [
    "both a Content-Length and a Transfer-Encoding",
    "POST /test/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    / 400 /,
  ],
  [
    "two content lengths",
    "POST /test/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    / 400 /,
  ],
  ["a space before the colon", "GET /api HTTP/1.1\r\nHost : a\r\n\r\n", / 400 /],
  ["20 KB of headers", `GET /api HTTP/1.1\r\nHost: a\r\nX-Long: ${"x".repeat(20_000)}\r\n\r\n`, / 431 /],
  ["a NUL in its path", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", / 400 /],
  ["an unknown method", "FOO /api HTTP/1.1\r\nHost: a\r\n\r\n", / 400 /],
  [
    "an invalid chunk size",
    "POST /test/echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    / 400 /,
  ],
  ["no HTTP at all", "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", / 400 /],
];

for (const [fault, bytes, status] of malformedRequests) {
  test(`a request with ${fault} gets one error response, and its connection is closed`, async () => {
    const answer = await raw(haven.port, bytes);
    assert.match(answer.split("\r\n")[0] ?? "", status);
    assert.match(answer, /^Connection: close\r$/im);
    assert.equal(answer.match(/HTTP\/1\.1 /g)?.length, 1);
    const [head = "", body = ""] = answer.split("\r\n\r\n");
    const { requestId, ...problem } = JSON.parse(body);
    assert.deepEqual(Object.keys(problem).sort(), Object.keys(describedMembers).sort());
    assert.match(head, /^Content-Type: application\/problem\+json\r?$/m);
    assert.match(head, new RegExp(`^X-Request-Id: ${requestId}\r?$`, "m"));
    assert.match(head, /^X-Content-Type-Options: nosniff\r?$/m);
    const isLogged = () => haven.logs.some((line) => line["requestId"] === requestId);
    await eventually(isLogged, Boolean);
  });
}

test("a malformed body of a probe or operator request only closes the connection", async () => {
  for (const path of ["/ready", "/metrics", "/health/detailed", "/api/v1/instances"]) {
    for (const method of ["GET", "POST"]) {
      const head = `${method} ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`;
      const answer = await raw(haven.port, `${head}zz\r\n`);
      assert.ok((answer.match(/HTTP\/1\.1 /g)?.length ?? 0) <= 1, answer);
    }
  }
  const pipelined =
    "POST /test/echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
  await raw(haven.port, `${pipelined}GET /metrics HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`);
  assert.equal((await ask(`${haven.url}/alive`)).status, 200);
});

test("an HTTP/1.0 request needs no Host, and an unknown Expect header is ignored", async () => {
  assert.match(await raw(haven.port, "GET /api HTTP/1.0\r\n\r\n"), /^HTTP\/1\.1 200 /);
  const answer = await raw(haven.port, "GET /api HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\nConnection: close\r\n\r\n");
  assert.match(answer, /^HTTP\/1\.1 200 /);
});

test("JSON with another content type is answered with 415", async () => {
  for (const type of ["application/json-patch+json", "application/vnd.api+json", "text/json"]) {
    assert.equal((await echo('{"name":"a"}', { "content-type": type })).status, 415, type);
  }
});

test("after all these requests the process is alive and serves a valid request", async () => {
  const answer = await postJson(`${haven.url}/test/echo`, { name: "Zoë 🏡" });
  assert.equal(answer.status, 201);
  assert.deepEqual(answer.json(), { name: "Zoë 🏡" });
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type Answer, ask, open, postJson, raw } from "../shared/requests/http.ts";
import { sameSecret } from "../shared/requests/people.ts";
import { testRoutes } from "../shared/servers/test-routes.ts";
import { startStopwatch } from "../shared/stopwatch.ts";
import { type Haven, startHaven } from "../support/haven.ts";

let haven: Haven;
before(async () => {
  haven = await startHaven({
    env: { ...sameSecret, HEADERS_TIMEOUT_MS: "500", REQUEST_TIMEOUT_MS: "500" },
    overrides: { routes: testRoutes },
  });
});

const json = { "content-type": "application/json" };
const register = (body: string | Buffer, headers: Record<string, string> = {}) =>
  ask(`${haven.url}/api/v1/auth/register`, { method: "POST", headers: { ...json, ...headers }, body });
const errorsOf = (answer: Answer) => (answer.json() as { errors: { path: string; message: string }[] }).errors;
const account = (name: string) => JSON.stringify({ email: "a@example.org", password: "correct horse", name });

for (const [content, text] of [
  ["600 combining marks in a row", `a${"\u0301\u0316".repeat(300)}`],
  ["40 combining marks in a row", `a${"\u0301\u0316".repeat(20)}`],
  ["201 characters", "a".repeat(201)],
  ["5,000 spaces before a letter", `${" ".repeat(5000)}a`],
] as const) {
  test(`a name with ${content} is answered with 400 and the path of the field`, async () => {
    const answer = await register(account(text));
    assert.equal(answer.status, 400, answer.text);
    assert.deepEqual(
      errorsOf(answer).map(({ path }) => path),
      ["name"],
    );
  });
}

test("a text in decomposed Unicode form is stored in composed form", async () => {
  const answer = await register(account(" Zoe\u0308 "));
  assert.equal(answer.status, 201, answer.text);
  assert.equal((answer.json() as { user: { name: string } }).user.name, "Zo\u00eb");
});

test("an auth operation accepts 16,000 bytes and no content encoding", async () => {
  const padded = (length: number) => account("Zoe").padEnd(length);
  assert.equal((await register(padded(16_000))).status, 409);
  assert.equal((await register(padded(16_001))).status, 413);
  const chunked = await register(padded(16_001), { "transfer-encoding": "chunked" });
  assert.equal(chunked.status, 413);
  assert.equal((await register(gzipSync(account("Zoe")), { "content-encoding": "gzip" })).status, 415);
  assert.equal((await postJson(`${haven.url}/api/v1/auth/logout`, {}, { "content-encoding": "gzip" })).status, 415);
});

test("a compressed body that decodes to more than 1 MB gets 413, and a smaller one is accepted", async () => {
  for (const [bytes, status] of [
    [990_000, 201],
    [1_000_001, 413],
    [80_000_000, 413],
  ] as const) {
    const body = gzipSync(`{"name":"x"${" ".repeat(bytes - 12)}}`);
    const answer = await ask(`${haven.url}/test/echo`, {
      method: "POST",
      headers: { ...json, "content-encoding": "gzip" },
      body,
    });
    assert.equal(answer.status, status, String(bytes));
  }
});

test("a body may have at most 10,000 values, and the problem names the field with too many", async () => {
  const echo = (count: number) => postJson(`${haven.url}/test/echo`, { name: "x", nested: new Array(count).fill([]) });
  assert.equal((await echo(4000)).status, 201);
  const answer = await echo(10_000);
  assert.equal(answer.status, 400);
  assert.equal(errorsOf(answer)[0]?.path, "nested");
  assert.ok(answer.bytes.length < 20_000);
});

test("an error lists at most 20 fields and shortens long names", async () => {
  const fields = Array.from({ length: 900 }, (_, n) => [`${"\u0001".repeat(150)}${n}`, 1]);
  const answer = await postJson(`${haven.url}/test/echo`, Object.fromEntries(fields));
  assert.equal(answer.status, 400);
  assert.equal(errorsOf(answer).length, 20);
  assert.ok(answer.bytes.length < 20_000, `${answer.bytes.length} bytes`);
});

const head = (rest: string) =>
  `POST /test/echo HTTP/1.1\r\nHost: haven\r\nContent-Type: application/json\r\n${rest}\r\n\r\n`;

for (const extraHeader of ["", "\r\nExpect: 100-continue"]) {
  test(`a Content-Length over the limit is answered with 413 before the client sends the body${extraHeader && ", also with Expect: 100-continue"}`, async () => {
    const socket = await open(haven.port);
    const elapsedMs = startStopwatch();
    socket.write(head(`Content-Length: 20000000${extraHeader}`));
    const [answer] = await once(socket, "data");
    assert.match(String(answer), /^HTTP\/1\.1 413 /);
    assert.doesNotMatch(String(answer), /100 Continue|Retry-After/i);
    assert.ok(elapsedMs() < 400);
    socket.destroy();
  });
}

test("with Expect: 100-continue the server requests the body, and the connection stays open", async () => {
  const socket = await open(haven.port);
  socket.write(head("Content-Length: 14\r\nExpect: 100-continue"));
  const [first] = await once(socket, "data");
  assert.match(String(first), /^HTTP\/1\.1 100 Continue/);
  socket.write('{"name":"Zoe"}');
  const [second] = await once(socket, "data");
  assert.match(String(second), /^HTTP\/1\.1 201 [\s\S]*Connection: keep-alive/i);
  socket.destroy();
});

test("a refused request with Expect: 100-continue gets its response, and the connection closes", async () => {
  const answer = await raw(
    haven.port,
    head("Content-Length: 14\r\nExpect: 100-continue").replace("/test/echo", "/nowhere"),
  );
  assert.match(answer, /^HTTP\/1\.1 404 [\s\S]*Connection: close/i);
  assert.doesNotMatch(answer, /100 Continue/);
});

test("a client that sends 20 MB and closes receives its 413", async () => {
  const body = Buffer.alloc(20_000_000, 0x20);
  const answer = await ask(`${haven.url}/test/echo`, {
    method: "POST",
    headers: { ...json, connection: "close" },
    body,
  });
  assert.equal(answer.status, 413);
});

test("a query has at most 50 parameters", async () => {
  const query = (count: number) => Array.from({ length: count }, (_, n) => `p${n}=1`).join("&");
  const many = await ask(`${haven.url}/api/v1/auth/login?${query(51)}`, { method: "POST", headers: json, body: "{}" });
  assert.deepEqual(errorsOf(many), [{ path: "query", message: "has more than 50 parameters" }]);
  const fewer = await ask(`${haven.url}/api/v1/auth/login?${query(50)}`, { method: "POST", headers: json, body: "{}" });
  assert.equal(errorsOf(fewer)[0]?.path, "p0");
});

test("the ready probe lists ten unknown checks and counts the others", async () => {
  const unknown = Array.from({ length: 2000 }, (_, n) => `x${n}`).join(",");
  const answer = await ask(`${haven.url}/ready?exclude=${unknown},${unknown}`.slice(0, 15_000));
  const { warnings } = answer.json() as { warnings: string[] };
  assert.equal(warnings.length, 11);
  assert.match(warnings[10] ?? "", /^\d+ more unknown checks$/);
  assert.ok(answer.bytes.length < 4000);
  const repeated = (await ask(`${haven.url}/ready?exclude=${"a,".repeat(7000)}redis`)).json() as {
    warnings: string[];
    excluded: string[];
  };
  assert.deepEqual([repeated.warnings.length, repeated.excluded], [1, ["redis"]]);
});

test("CONNECT is answered with 405, headers over 16 KiB with 431, a request that stays incomplete with 408", async () => {
  for (const [bytes, status, code] of [
    ["CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n", 405, "method_not_allowed"],
    [`GET /api HTTP/1.1\r\nHost: a\r\nX-Long: ${"x".repeat(20_000)}\r\n\r\n`, 431, "headers_too_large"],
    ["GET /api HTTP/1.1\r\nHost: a\r\n", 408, "request_timeout"],
  ] as const) {
    const answer = await raw(haven.port, bytes, 5000);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
    const problem = JSON.parse(answer.split("\r\n\r\n")[1] ?? "") as Record<string, unknown>;
    assert.deepEqual([problem["type"], problem["status"], problem["code"]], [`/api/problems/${code}`, status, code]);
    assert.equal((await ask(`${haven.url}/api/problems/${code}`)).status, 200);
  }
});

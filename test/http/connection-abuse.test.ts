import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { before, test } from "node:test";
import { eventually } from "../shared/eventually.ts";
import { ask, open, readAll } from "../shared/requests/http.ts";
import { type HavenProcess, startHavenProcess } from "../shared/servers/haven-process.ts";

let haven: HavenProcess;
before(async () => {
  haven = await startHavenProcess({ env: { AUTH_RATE_LIMIT: "0", OVERLOAD_DELAY_MS: "0" } });
});

const post = (path: string, body: string, extraHeaders = "") =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${extraHeaders}\r\n${body}`;

/** Sends requests one after another on one connection, waiting for each answer. */
async function exchange(socket: Socket, request: string): Promise<string> {
  socket.write(request);
  const [answer] = await once(socket, "data");
  return String(answer);
}

test("the server keeps running when a connection closes after thousands of request bodies", async () => {
  const socket = await open(haven.port);
  for (let count = 0; count < 20_000; count += 20) {
    // Pipelined up to the allowed number, so that the test takes only seconds.
    socket.write(post("/nowhere", "{").repeat(20));
    let answers = 0;
    while (answers < 20) {
      const [data] = await once(socket, "data");
      answers += String(data).match(/HTTP\/1\.1 404/g)?.length ?? 0;
    }
  }
  assert.match(await exchange(socket, post("/nowhere", "{", "Connection: close\r\n")), /^HTTP\/1\.1 404 /);
  await eventually(
    () => ask(`${haven.url}/alive`),
    ({ status }) => status === 200,
  );
  assert.equal(haven.child.exitCode, null, haven.output());
});

test("a request that follows an answer with Connection: close is not processed", async () => {
  const socket = await open(haven.port);
  const body = " ".repeat(20_000);
  const head = post("/api/v1/auth/login", body, "Expect: 100-continue\r\n").slice(0, -body.length);
  const refusal = await exchange(socket, head);
  assert.match(refusal, /^HTTP\/1\.1 413 [\s\S]*Connection: close/i);
  socket.write(`${body}GET /test/marker HTTP/1.1\r\nHost: a\r\n\r\n`);
  const furtherResponses = await readAll(socket, 8000);
  assert.doesNotMatch(furtherResponses, /HTTP\/1\.1/);
  await ask(`${haven.url}/test/items/after`);
  await eventually(haven.output, (output) => output.includes("/test/items/after"));
  assert.doesNotMatch(haven.output(), /\/test\/marker/);
});

test("if a client pipelines 1,000 requests, the first 32 are served, the next gets 400, and the connection is closed", async () => {
  for (const path of ["/alive", "/health/detailed", "/api"]) {
    const socket = await open(haven.port);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(1000));
    const answer = await readAll(socket, 8000);
    const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    assert.deepEqual(statuses, [...new Array(32).fill("200"), "400"], path);
  }
});

test("sixteen pipelined requests are all answered", async () => {
  const socket = await open(haven.port);
  socket.write(`GET /api HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(15));
  socket.write("GET /api HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  assert.equal((await readAll(socket, 8000)).match(/HTTP\/1\.1 200/g)?.length, 16);
});

test("a pipelined request is processed after the request before it, so that of two writes the later one wins", async () => {
  const socket = await open(haven.port);
  const startedAt = performance.now();
  socket.write("GET /test/slow/400 HTTP/1.1\r\nHost: a\r\n\r\n");
  socket.write("GET /test/slow/400 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  assert.equal((await readAll(socket, 8000)).match(/HTTP\/1\.1 200/g)?.length, 2);
  assert.ok(performance.now() - startedAt >= 790);
});

test("a pipelined CONNECT does not get the response of the request before it", async () => {
  const socket = await open(haven.port);
  socket.write("GET /test/slow/300 HTTP/1.1\r\nHost: a\r\n\r\nCONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.doesNotMatch(await readAll(socket, 3000), /405/);
});

test("large request bodies share one memory budget; when it is used up, they get 503, and small bodies are still accepted", async () => {
  const announced =
    "POST /test/echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 990000\r\n\r\n";
  const slow = await Promise.all(Array.from({ length: 40 }, () => open(haven.port)));
  const refusals = slow.map((socket) => once(socket, "data"));
  for (const socket of slow) socket.write(announced + " ".repeat(980_000));
  const [first] = await Promise.race(refusals);
  assert.match(String(first), /^HTTP\/1\.1 503 [\s\S]*overloaded/);
  const small = await ask(`${haven.url}/test/echo`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "x".repeat(10_000) }),
  });
  assert.equal(small.status, 201);
  for (const socket of slow) socket.destroy();
  await eventually(
    () =>
      ask(`${haven.url}/test/echo`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ name: "x".repeat(900_000) }),
      }),
    ({ status }) => status === 201,
  );
});

test("a Content-Encoding with the name of a property of Object.prototype is answered with 415", async () => {
  for (const encoding of ["constructor", "__proto__", "toString"]) {
    const answer = await ask(`${haven.url}/test/echo`, {
      method: "POST",
      headers: { "content-type": "application/json", "content-encoding": encoding },
      body: '{"name":"x"}',
    });
    assert.equal(answer.status, 415, encoding);
  }
});

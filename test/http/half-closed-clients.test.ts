import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { eventually } from "../shared/eventually.ts";
import { readAll } from "../shared/requests/http.ts";
import { sameSecret } from "../shared/requests/people.ts";
import { testRoutes } from "../shared/servers/test-routes.ts";
import { startHaven } from "../support/haven.ts";

const { port, logs } = await startHaven({ env: sameSecret, overrides: { routes: testRoutes } });

const get = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
const post = (path: string, body: string, length = body.length) =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`;

/** Sends the bytes, shuts down the sending side, and collects the response until the server closes the connection. */
async function sendAndShut(bytes: string): Promise<{ text: string; socket: ReturnType<typeof connect> }> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.end(bytes);
  return { text: await readAll(socket, 15_000), socket };
}

const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));

describe("a client that shuts down its sending side after the request gets its response", () => {
  const account = JSON.stringify({ email: "half@example.org", password: "four quiet harbour lights", name: "Ana" });
  for (const [situation, bytes, expected] of [
    ["of a probe", get("/ready"), [200]],
    ["of an operator endpoint", get("/health/detailed"), [200]],
    ["of a page", get("/api/docs"), [200]],
    ["that takes longer than the shutdown", get("/test/slow/300"), [200]],
    ["to a request with a body", post("/api/v1/auth/register", account), [201]],
    ["in HTTP/1.0", "GET /test/slow/100 HTTP/1.0\r\n\r\n", [200]],
    [
      "to each of its pipelined requests",
      get("/test/slow/300") + get("/alive") + get("/test/slow/100"),
      [200, 200, 200],
    ],
    ["to a request that ends in the middle of its body", post("/test/echo", '{"na', 14), [400]],
    ["to a request that ends in the middle of its headers", "GET /api HTTP/1.1\r\nHost", [400]],
    [
      "of the second request of a connection",
      `${get("/alive")}${get("/test/slow/50", "Connection: close\r\n")}`,
      [200, 200],
    ],
  ] as const) {
    test(situation, async () => assert.deepEqual(statuses((await sendAndShut(bytes)).text), expected));
  }
});

test("a stream and a request behind it do not keep a half-closed connection open", async () => {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const closed = once(socket, "close");
  socket.write(get("/test/stream") + get("/alive"));
  await once(socket, "data");
  socket.end();
  socket.resume();
  const startedAt = performance.now();
  await closed;
  assert.ok(performance.now() - startedAt < 5000);
});

describe("a request that is complete before a malformed one gets its response", () => {
  for (const [situation, path] of [
    ["when it is slow", "/test/slow/300"],
    ["when it is quick", "/api"],
    ["when it is a probe", "/alive"],
    ["when it is for an operator endpoint", "/health/detailed"],
  ] as const) {
    test(situation, async () => {
      const socket = connect(port, "127.0.0.1");
      socket.write(`${get(path)}BROKEN\r\n\r\n`);
      assert.deepEqual(statuses(await readAll(socket, 15_000)), [200, 400]);
    });
  }
});

test("if a client shuts down its sending side without a request, the server closes the connection", async () => {
  const { text, socket } = await sendAndShut("");
  assert.deepEqual([text, socket.destroyed], ["", true]);
});

test("the work for a client that has left is aborted after two seconds, and its stream is closed at once", async () => {
  const leave = async (path: string) => {
    const socket = connect(port, "127.0.0.1");
    socket.write(get(path));
    if (path === "/test/stream") await once(socket, "data");
    // If no data is unread, this sends the same packet as a client that shuts down only its sending side.
    socket.destroySoon();
  };
  await Promise.all([leave("/test/slow/60000"), leave("/test/stream")]);
  const durationOf = async (route: string) => {
    const line = await eventually(
      () => logs.find((logged) => logged["route"] === route && logged["aborted"] === true),
      (found) => found !== undefined,
      20_000,
    );
    return Number(line?.["durationMs"]);
  };
  const [slow, stream] = [await durationOf("/test/slow/{ms}"), await durationOf("/test/stream")];
  assert.ok(slow >= 1900 && slow < 15_000, `${slow} ms`);
  assert.ok(stream < slow, `${stream} ms`);
});

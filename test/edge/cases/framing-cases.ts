import assert from "node:assert/strict";
import { test } from "node:test";
import { readAll } from "../../shared/requests/http.ts";
import { openTo } from "../../shared/requests/proxy-client.ts";
import { type Edge, freshPath } from "../support/edge.ts";

/** Registers the tests with ambiguous requests, which two parsers could interpret differently. */
export function framingCases(edge: () => Edge): void {
  for (const [title, bytes] of ambiguous) {
    test(`${title}: no second response is sent`, async () => {
      const before = edge().backends.received.length;
      const socket = await openTo();
      socket.write(bytes);
      const answers = await readAll(socket, 1500);
      assert.ok(answers.split(/HTTP\/1\.[01] \d{3}/).length <= 2, answers);
      const reached = edge().backends.received.slice(before);
      if (edge().proxy.name === "haproxy" && /chunks/.test(title)) {
        // HAProxy ignores the length, reads the chunks and closes the connection, so the request is not ambiguous.
        assert.match(answers, /^HTTP\/1\.1 200 .*connection: close/is);
        assert.deepEqual(
          reached.map(({ url, headers }) => [url, headers["content-length"]]),
          [["/api/v1/framed", undefined]],
        );
        return;
      }
      // HAProxy 3.2 closes the connection without a response.
      assert.match(answers, title === unknownCoding ? /^HTTP\/1\.1 (400|501) / : /^(HTTP\/1\.1 400 |$)/);
      assert.deepEqual(reached, []);
    });
  }

  test("an HTTP/1.0 request without a Host, as old balancers send it, is accepted", async () => {
    for (const path of ["/ready", freshPath()]) {
      const socket = await openTo();
      socket.write(`GET ${path} HTTP/1.0\r\n\r\n`);
      assert.match(await readAll(socket, 1500), /^HTTP\/1\.[01] 200 /, path);
    }
  });
}

const smuggled = "GET /api/v1/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
const post = (headers: string) => `POST /api/v1/framed HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n\r\n`;

const unknownCoding = "an unknown transfer coding";
const ambiguous = [
  ["a Content-Length before chunks", `${post("Content-Length: 4\r\nTransfer-Encoding: chunked")}0\r\n\r\n${smuggled}`],
  ["chunks before a Content-Length", `${post("Transfer-Encoding: chunked\r\nContent-Length: 4")}0\r\n\r\n${smuggled}`],
  ["two different Content-Lengths", `${post("Content-Length: 4\r\nContent-Length: 5")}abcde${smuggled}`],
  ["a space before the colon of Content-Length", `${post("Content-Length : 4")}abcd${smuggled}`],
  [unknownCoding, `${post("Transfer-Encoding: xchunked")}0\r\n\r\n${smuggled}`],
  ["two Host headers", `GET /api/v1/framed HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n${smuggled}`],
  ["no Host header", `GET /api/v1/framed HTTP/1.1\r\n\r\n${smuggled}`],
  ["a NUL in a header", `GET /api/v1/framed HTTP/1.1\r\nHost: localhost\r\nX-A: a\0b\r\n\r\n${smuggled}`],
] as const;

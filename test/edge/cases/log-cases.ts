import assert from "node:assert/strict";
import { test } from "node:test";
import { readAll } from "../../shared/requests/http.ts";
import { openTo, send } from "../../shared/requests/proxy-client.ts";
import { names } from "../../shared/servers/fleet.ts";
import { type Edge, freshPath, stopAllUpstreams, waitForAllUpstreams, waitForLogLine } from "../support/edge.ts";

/** Registers the tests of the proxy's log: it is valid JSON and contains no secrets. */
export function logCases(edge: () => Edge): void {
  for (const [title, port, bytes] of oddBytes) {
    test(`every line of the log is JSON: ${title}`, async () => {
      const before = edge().proxy.logBytes().length;
      if (port === 8404 && edge().proxy.name === "nginx") return;
      const socket = await openTo(port);
      socket.write(Buffer.from(bytes, "latin1"));
      setTimeout(() => socket.end(), 300);
      await readAll(socket, 1000);
      const marker = freshPath();
      await send(marker);
      await waitForLogLine(edge().proxy, marker);
      const lines = linesOf(edge().proxy.logBytes().subarray(before));
      assert.ok(lines.length >= 1);
      for (const line of lines) {
        const { requestId } = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(line));
        assert.match(requestId, /^(-|[A-Za-z0-9._-]{8,128})$/);
      }
    });
  }

  test("queries and credentials are never logged, not even after errors", async () => {
    const headers = { authorization: "Bearer s3cret-bearer", cookie: "haven_session=s3cret-cookie" };
    const query = "?token=s3cret-query";
    await send(`/api/v1/fine${query}`, { headers: { ...headers, referer: `http://a/${query}` } });
    await stopAllUpstreams(edge());
    const failed = await send(`/api/v1/failed${query}`, { headers });
    assert.ok(failed.status >= 502, failed.text);
    for (const name of names) await edge().backends.open(name);
    await send(`/metrics${query}`, { headers });
    await waitForLogLine(edge().proxy, "/metrics");
    assert.doesNotMatch(edge().proxy.log(), /s3cret/);
    await waitForAllUpstreams();
  });
}

const line = (path: string, agent = "short") =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nUser-Agent: ${agent}\r\n\r\n`;

const oddBytes = [
  ["quotes and backslashes", 80, line('/api/v1/quo"te\\', 'quo"te\\')],
  ["tabs", 80, line("/api/v1/tab", "a\tb")],
  ["letters of Latin-1", 80, line("/api/v1/latin", "caf\xe9")],
  ["letters of UTF-8", 80, line("/api/v1/utf", "caf\xc3\xa9")],
  ["bytes that are not valid UTF-8", 80, line("/api/v1/none", "\xff\xfe\xed\xa0\x80")],
  ["a path of Latin-1", 80, line("/api/v1/caf\xe9")],
  ["a path of UTF-8", 80, line("/api/v1/caf\xc3\xa9")],
  ["a long path", 80, line(`/api/v1/${"long".repeat(1750)}`)],
  ["a long agent", 80, line("/api/v1/long", "long".repeat(1750))],
  ["a long agent of UTF-8", 80, line("/api/v1/long", "\xc3\xa9".repeat(3500))],
  ["bytes that are not a request", 80, '\x16\x03\x01 "\r\n\r\n'],
  ["half a request", 80, "GET / HTTP/1.1\r\nHost: a\r\nX"],
  ["plain text in place of a TLS handshake", 443, "no handshake\r\n\r\n"],
  ["a scrape of the metrics", 8404, "GET /metrics HTTP/1.0\r\n\r\n"],
] as const;

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0, to = bytes.indexOf(10); to !== -1; from = to + 1, to = bytes.indexOf(10, from)) {
    lines.push(bytes.subarray(from, to));
  }
  return lines;
}

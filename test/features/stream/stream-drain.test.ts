import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { open, readAll } from "../../shared/requests/http.ts";
import { bearer, sameSecret } from "../../shared/requests/people.ts";
import { openStream } from "../../shared/requests/stream.ts";
import { startHavenProcess } from "../../shared/servers/haven-process.ts";
import { newOwner } from "../../support/fixtures/maintenance-fixtures.ts";

test("a drain ends open streams without an error, spread over the drain delay", async () => {
  const times = { DRAIN_DELAY_MS: "800", DRAIN_LINGER_MS: "800", SHUTDOWN_TIMEOUT_MS: "4000" };
  const haven = await startHavenProcess({ env: { ...sameSecret, ...times } });
  const owner = await newOwner(haven.url);
  const streams = await Promise.all(Array.from({ length: 5 }, () => openStream(haven.url, owner)));
  const keptConnection = await open(haven.port);
  const lateAnswer = readAll(keptConnection, 5000);
  keptConnection.write("GET /alive HTTP/1.1\r\nHost: a\r\n\r\n");

  haven.child.kill("SIGTERM");
  const signalledAt = performance.now();
  const endedAfter = async (stream: (typeof streams)[number]) => {
    assert.equal(await stream.closed, "ended");
    return performance.now() - signalledAt;
  };
  const ended = (await Promise.all(streams.map(endedAfter))).sort((a, b) => a - b);
  const [first = 0, last = 0] = [ended[0], ended.at(-1)];
  assert.ok(first > 50 && last < 800 && last - first > 350, ended.join(", "));

  // The listener is closed now. A stream that is requested on an open connection sends its position and ends.
  await sleep(Math.max(0, 1000 - (performance.now() - signalledAt)));
  keptConnection.write(
    `GET /api/v1/stream HTTP/1.1\r\nHost: a\r\nauthorization: ${bearer(owner).authorization}\r\n\r\n`,
  );
  assert.match(await lateAnswer, /retry: 2000\n\nid: 0\n\n\r\n0\r\n\r\n$/);
  assert.equal((await haven.exited).code, 0, haven.output());
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, open, raw } from "../shared/requests/http.ts";
import { startHaven } from "../support/haven.ts";

test("500 sockets that never finish their headers are closed within 15 s, and meanwhile /alive answers within 100 ms", async () => {
  const haven = await startHaven();
  const sockets = await Promise.all(Array.from({ length: 500 }, () => open(haven.port)));
  const startedAt = performance.now();
  let closed = 0;
  let areOpen = true;
  for (const [index, socket] of sockets.entries()) {
    socket.on("close", () => {
      closed += 1;
    });
    socket.resume();
    // Some send nothing, some send an incomplete request, and some send one header after another.
    if (index % 3 > 0) socket.write("GET /api HTTP/1.1\r\nHost: a\r\n");
  }
  const drip = setInterval(() => {
    for (const [index, socket] of sockets.entries()) if (index % 3 === 2 && socket.writable) socket.write("X-A: b\r\n");
  }, 500);
  const latencies: number[] = [];
  while (areOpen && performance.now() - startedAt < 16_000) {
    latencies.push((await ask(`${haven.url}/alive`)).ms);
    await new Promise((resolve) => setTimeout(resolve, 50));
    areOpen = closed < sockets.length;
  }
  clearInterval(drip);
  const seconds = (performance.now() - startedAt) / 1000;
  for (const socket of sockets) socket.destroy();
  assert.equal(closed, 500, `only ${closed} closed after ${seconds} s`);
  assert.ok(seconds < 15, `${seconds} s`);
  const worst = Math.max(...latencies);
  assert.ok(worst < 100, `/alive took ${worst} ms`);
});

test("a request whose body never arrives gets no second response", async () => {
  const haven = await startHaven({ env: { REQUEST_TIMEOUT_MS: "1000", HEADERS_TIMEOUT_MS: "1000" } });
  for (const path of ["/nowhere", "/alive"]) {
    const answer = await raw(haven.port, `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc`, 6000);
    assert.equal(answer.match(/HTTP\/1\.1 /g)?.length, 1, answer);
  }
});

test("a request whose body never arrives ends at its deadline", async () => {
  const haven = await startHaven({ env: { REQUEST_TIMEOUT_MS: "700", HEADERS_TIMEOUT_MS: "700" } });
  const answer = await raw(haven.port, "POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{", 5000);
  assert.match(answer, /^HTTP\/1\.1 (405|408|503)/);
});

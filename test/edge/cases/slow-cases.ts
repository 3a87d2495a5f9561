import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent } from "node:http";
import { connect, type Socket } from "node:net";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../shared/eventually.ts";
import { freshAddress, openTo, send, sendJson } from "../../shared/requests/proxy-client.ts";
import { names } from "../../shared/servers/fleet.ts";
import type { FakeUpstreams } from "../support/fake-upstreams.ts";
import { full } from "./failure-cases.ts";

/** How long a connection is idle. In full length it exceeds 60 s, for which an AWS load balancer keeps idle connections. */
const idleMs = full ? 61_000 : 33_000;
const streamMs = full ? 90_000 : 45_000;
const quietMs = full ? 40_000 : 32_000;

/** Registers tests that take long and run concurrently: idle connections, long responses, slow senders. */
export function slowCases(backends: () => FakeUpstreams): void {
  describe("slow cases", { concurrency: 10 }, () => {
    test(`a POST on a connection that was idle for ${idleMs / 1000} s gets a response`, async () => {
      const agents = Array.from({ length: 10 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
      const users = agents.map((agent) => ({ agent, from: freshAddress() }));
      const post = (user: { agent: Agent; from: string }) => sendJson("/api/v1/idle", { name: "x" }, user);
      for (const user of users) assert.equal((await post(user)).status, 200);
      await sleep(idleMs);
      const answers = await Promise.all(users.map(post));
      for (const agent of agents) agent.destroy();
      // An agent reconnects after its connection was closed, so the status alone does not show that the connection stayed open.
      assert.deepEqual(
        answers.map(({ status, reused }) => [status, reused]),
        users.map(() => [200, true]),
      );
    });

    test(`a stream of ${streamMs / 1000} s arrives complete and without delay, although it is silent for ${quietMs / 1000} s`, async () => {
      const socket = await openTo();
      socket.write(
        "GET /api/v1/stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAccept: text/event-stream\r\nAccept-Encoding: gzip\r\n\r\n",
      );
      let received = "";
      const arrived: number[] = [];
      socket.on("data", (chunk: Buffer) => {
        received += chunk;
        arrived.push(performance.now());
      });
      await once(socket, "end", { signal: AbortSignal.timeout(streamMs + 5000) });
      const events = [...received.matchAll(/data: (\d+) (\d+\.?\d*)/g)];
      const { sent } = streams;
      assert.equal(events.length, sent.length);
      assert.match(received, /0\r\n\r\n$/);
      assert.doesNotMatch(received, /content-encoding/i);
      const late = sent.filter((at) => !arrived.some((arrivedAt) => arrivedAt >= at && arrivedAt - at < 500));
      assert.deepEqual(late, [], "each event came within half a second of being sent");
      socket.destroy();
    });

    test(`a WebSocket that is silent for ${quietMs / 1000} s still works`, async () => {
      const socket = await openTo();
      const lines = ["GET /api/v1/stream/socket HTTP/1.1", "Host: a", "Connection: Upgrade", "Upgrade: websocket"];
      const key = Buffer.from("0123456789abcdef").toString("base64");
      socket.write([...lines, "Sec-WebSocket-Version: 13", `Sec-WebSocket-Key: ${key}`, "", ""].join("\r\n"));
      const [head] = await once(socket, "data");
      assert.match(String(head), /^HTTP\/1\.1 101/);
      await sleep(quietMs);
      socket.write("still there?");
      const [echoed] = await once(socket, "data", { signal: AbortSignal.timeout(2000) });
      assert.equal(String(echoed), "still there?");
      socket.destroy();
    });

    test("many clients with slow headers are cut after 10 s, reach no instance and delay no other client", async () => {
      await sleep(1000);
      const before = names.map((name) => backends().sockets(name));
      const slow = await Promise.all(
        Array.from({ length: 150 }, () => sendSlowly("GET /api/v1/slow HTTP/1.1\r\nHost: a\r\n")),
      );
      const startedAt = performance.now();
      let slowestMs = 0;
      while (performance.now() - startedAt < 8000) {
        const answer = await send("/api/v1/meanwhile");
        assert.equal(answer.status, 200);
        slowestMs = Math.max(slowestMs, answer.ms);
        await sleep(200);
      }
      assert.ok(slowestMs < 1000, `${slowestMs} ms`);
      assert.ok(slow.some(({ closed }) => !closed()));
      await eventually(
        () => slow.filter(({ closed }) => !closed()).length,
        (open) => open === 0,
        8000,
        100,
      );
      assert.equal(backends().received.filter(({ url }) => url === "/api/v1/slow").length, 0);
      const more = names.map((name, index) => backends().sockets(name) - (before[index] ?? 0));
      assert.ok(Math.max(...more) < 20, String(more));
    });

    test("a request with a slow body is not sent to an instance while only its first bytes have arrived", async () => {
      const head =
        "POST /api/v1/slow-body HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 10000\r\n\r\n";
      const slow = await Promise.all(Array.from({ length: 10 }, () => sendSlowly(head)));
      await sleep(9000);
      assert.equal(backends().received.filter(({ url }) => url === "/api/v1/slow-body").length, 0);
      for (const { end } of slow) end();
    });
  });
}

const streams = { sent: [] as number[] };

/** Makes the fake upstreams send an event every second, then nothing for `quietMs`, then events again. */
export const startStreaming = (backends: FakeUpstreams): void =>
  backends.behave(async (request, response, name) => {
    if (request.url !== "/api/v1/stream") return response.end(name);
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    const startedAt = performance.now();
    const quietFrom = startedAt + 5000;
    const quietUntil = quietFrom + quietMs;
    for (let index = 0; performance.now() - startedAt < streamMs; index += 1) {
      const now = performance.now();
      if (now < quietFrom || now > quietUntil) {
        streams.sent.push(now);
        response.write(`data: ${index} ${now}\n\n`);
      }
      await sleep(1000);
    }
    return response.end();
  });

/** Starts a request and then sends one byte per second. */
async function sendSlowly(head: string): Promise<{ closed(): boolean; end(): void }> {
  const socket: Socket = connect({ host: "127.0.0.1", port: 80, localAddress: freshAddress() });
  let closed = false;
  socket.on("error", () => undefined);
  socket.on("close", () => {
    closed = true;
  });
  socket.resume();
  await once(socket, "connect");
  socket.write(head);
  const timer = setInterval(() => (closed ? clearInterval(timer) : socket.write("x")), 1000);
  socket.on("close", () => clearInterval(timer));
  return { closed: () => closed, end: () => socket.destroy() };
}

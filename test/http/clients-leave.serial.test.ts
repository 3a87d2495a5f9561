import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../shared/requests/http.ts";
import { startHavenProcess } from "../shared/servers/haven-process.ts";

const clients = 3000;

// The cost of a client that leaves once grew with the number of requests in flight: together they stopped the event loop
// for half a second.
test("three thousand clients that shut down their sending side at once do not delay a probe by more than 200 ms", async () => {
  const haven = await startHavenProcess({ env: { OVERLOAD_DELAY_MS: "0" } });
  const port = Number(new URL(haven.url).port);
  const waiting = async (): Promise<Socket> => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true }).on("error", () => undefined);
    await once(socket, "connect");
    socket.write("GET /test/slow/20000 HTTP/1.1\r\nHost: a\r\n\r\n");
    return socket;
  };
  const delays: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const sockets = await Promise.all(Array.from({ length: clients }, waiting));
    await sleep(1000);
    const startedAt = performance.now();
    for (const socket of sockets) socket.end();
    const { status } = await ask(`${haven.url}/alive`);
    delays.push(performance.now() - startedAt);
    assert.equal(status, 200);
    for (const socket of sockets) socket.destroy();
    await sleep(500);
  }
  // The best of three, because another process may use the processor.
  assert.ok(Math.min(...delays) < 200, `${delays.map(Math.round)} ms`);
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { settledProcessorMs } from "../hostile/processor-time.ts";
import { ask } from "../shared/requests/http.ts";
import { startHavenProcess } from "../shared/servers/haven-process.ts";

const few = 500;
const many = 4000;

// The cost of a client that leaves once grew with the number of requests in flight: three thousand that left together
// stopped the event loop for half a second.
test("clients that shut down their sending side at the same time cost processor time roughly in proportion to their number", async () => {
  const haven = await startHavenProcess({ env: { OVERLOAD_DELAY_MS: "0" } });
  const port = Number(new URL(haven.url).port);
  const waiting = async (): Promise<Socket> => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true }).on("error", () => undefined);
    await once(socket, "connect");
    socket.write("GET /test/slow/20000 HTTP/1.1\r\nHost: a\r\n\r\n");
    return socket;
  };
  const costOf = async (count: number): Promise<number> => {
    const sockets = await Promise.all(Array.from({ length: count }, waiting));
    const before = await settledProcessorMs(haven.pid);
    for (const socket of sockets) socket.end();
    // The server has read this request after it has noticed that the clients left.
    await ask(`${haven.url}/alive`);
    const costMs = (await settledProcessorMs(haven.pid)) - before;
    for (const socket of sockets) socket.destroy();
    await sleep(1000);
    return costMs;
  };
  await costOf(few);
  const [costOfFew, costOfMany] = [await costOf(few), await costOf(many)];
  const bound = (3 * many) / few;
  assert.ok(costOfMany < bound * costOfFew, `${few}: ${costOfFew} ms, ${many}: ${costOfMany} ms`);
});

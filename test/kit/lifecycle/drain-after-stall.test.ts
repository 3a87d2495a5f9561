import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { setImmediate as nextTick, setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { z } from "zod";
import { createHealth } from "../../../src/kit/index.ts";
import { atEnd } from "../../shared/at-end.ts";
import { eventually } from "../../shared/eventually.ts";

/** Keeps a connection open, and sends a POST on it when `turn` is 1, then sets `turn` to 2. */
const client = `
  const { connect } = require("node:net");
  const { parentPort, workerData: { port, turn } } = require("node:worker_threads");
  const socket = connect(port, "127.0.0.1", () => socket.write("GET /first HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n"));
  socket.once("data", () => {
    parentPort.postMessage("connected");
    Atomics.wait(turn, 0, 0);
    let answer = "";
    socket.on("data", (chunk) => (answer += chunk));
    socket.on("error", (error) => (answer += error.code));
    socket.on("close", () => parentPort.postMessage(answer));
    socket.write("POST /orders HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 0\\r\\n\\r\\n", () => {
      Atomics.store(turn, 0, 2);
      Atomics.notify(turn, 0);
    });
  });`;

test("a request that arrived during a stall at the end of the linger time is answered, not lost with its idle connection", async () => {
  const health = createHealth({ service: "orders" });
  atEnd(health.stop);
  const server = createServer((request, response) => response.end(`${request.method} served`));
  health.attach(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  await eventually(
    () => health.snapshot().ready,
    (ready) => ready,
  );
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const turn = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(client, { eval: true, workerData: { port, turn } });
  atEnd(() => worker.terminate());
  await once(worker, "message");

  const lingerMs = 100;
  const drained = health.drain(server, { delayMs: 0, lingerMs, timeoutMs: 5000 });
  await eventually(
    () => server.listening,
    (listening) => !listening,
    5000,
    1,
  );
  await sleep(lingerMs / 2);
  const answered = once(worker, "message");
  // After the sockets of this tick were read, this process is blocked until the request is in its socket and the linger
  // time is over.
  await nextTick();
  Atomics.store(turn, 0, 1);
  Atomics.notify(turn, 0);
  Atomics.wait(turn, 0, 1);
  Atomics.wait(turn, 0, 2, lingerMs);

  const [answer] = await answered;
  assert.match(String(answer), /^HTTP\/1\.1 200 [\s\S]*Connection: close[\s\S]*POST served$/);
  assert.deepEqual(await drained, { cut: 0 });
});

import { setTimeout as sleep } from "node:timers/promises";
import { createHealth } from "@haven-api/health";
import { httpCheck } from "@haven-api/health/checks/http";
import { WebSocketServer } from "ws";

// What the apps of all frameworks have in common. Each answers the same requests in the way of its framework.

export const port = Number(process.env.PORT);
export const host = "127.0.0.1";

export const health = createHealth({
  service: "orders",
  instance: process.env.INSTANCE ?? "orders-1",
  intervalMs: 100,
  timeoutMs: 500,
  // On a busy machine the event loop is late while an app starts. The kit must not reject requests of the tests then.
  maxEventLoopDelayMs: 0,
  checks: [httpCheck({ name: "shop", url: process.env.SHOP_URL })],
});

// A test that is ended by its time limit cannot stop its apps, so each app ends with the process that started it.
process.on("disconnect", () => process.exit(1));
process.channel?.unref();

/** Waits for a time in milliseconds, and returns the answer to GET /slow?ms=… */
export async function slowly(ms) {
  await sleep(Number(ms));
  return "done";
}

/** Calls `write` with events until the drain ends the stream. Returns a function that ends it earlier. */
export function streamEvents(write, end) {
  const timer = setInterval(() => write("data: tick\n\n"), 20);
  const stop = () => clearInterval(timer);
  const unregister = health.onDrain(() => {
    stop();
    write("data: bye\n\n");
    end();
  });
  return () => {
    stop();
    unregister();
  };
}

/** Attaches the kit and a WebSocket server, and drains at SIGTERM. */
export function serveWith(server, close = async () => undefined) {
  health.attach(server);
  new WebSocketServer({ server }).on("connection", (socket) => {
    const unregister = health.onDrain(() => socket.close(1001));
    socket.on("close", unregister);
    socket.on("message", (text) => socket.send(`echo ${text}`));
  });
  const [delayMs, lingerMs, timeoutMs] = (process.env.DRAIN ?? "400,100,5000").split(",").map(Number);
  health.stopOnSignals(server, { drain: { delayMs, lingerMs, timeoutMs }, close });
}

import type { IncomingMessage, ServerResponse } from "node:http";

/** Dropping so much takes a few milliseconds; a client that sends no more than this always gets to read its answer. */
const maxBytes = 32 * 1024 * 1024;
const maxMs = 5000;
const everyMs = 20;

/**
 * A request may have its answer while its body is still arriving. A connection that is closed then is reset, and the
 * client may lose the answer: so the rest is read and dropped first, within limits that end a client that goes on.
 */
export function discardUnreadBody(request: IncomingMessage, response: ServerResponse): void {
  const { socket } = request;
  const destroySoon = socket.destroySoon.bind(socket);
  // Node calls this after an answer with `Connection: close`.
  socket.destroySoon = () => {
    if (request.complete) destroySoon();
    else socket.end();
  };
  response.on("close", () => {
    if (request.complete || socket.destroyed) return;
    const startedAt = performance.now();
    const before = socket.bytesRead;
    const timer = setInterval(() => {
      const isOver = socket.bytesRead - before > maxBytes || performance.now() - startedAt > maxMs;
      if (isOver || (request.complete && socket.writableEnded)) socket.destroy();
      if (socket.destroyed || request.complete) clearInterval(timer);
    }, everyMs);
    timer.unref();
  });
}

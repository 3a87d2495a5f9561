import type { IncomingMessage } from "node:http";

/** Dropping so much takes a few milliseconds; a client that sends no more than this always gets to read its answer. */
const maxBytes = 32 * 1024 * 1024;
const maxMs = 5000;
const everyMs = 20;

/**
 * Called when a request has its answer while its body is still arriving. Node reads on and drops the bytes, which lets
 * the client read the answer; this ends the connection of a client that goes on for too long.
 */
export function discardUnreadBody(request: IncomingMessage): void {
  if (request.complete) return;
  const { socket } = request;
  const startedAt = performance.now();
  const before = socket.bytesRead;
  const timer = setInterval(() => {
    if (request.complete || socket.destroyed) clearInterval(timer);
    else if (socket.bytesRead - before > maxBytes || performance.now() - startedAt > maxMs) {
      clearInterval(timer);
      socket.destroy();
    }
  }, everyMs);
  timer.unref();
}

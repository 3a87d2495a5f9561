import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Reading this much takes a few milliseconds. A client that sends no more always receives its response. */
const maxBytes = 32 * 1024 * 1024;
const maxMs = 5000;
const checkIntervalMs = 20;

type Unread = { startedAt: number; bytesBefore: number };

/**
 * Closing a connection with unread data resets it, and the client may lose a response that was sent before its body
 * had arrived. The rest of the body is therefore read and dropped before the connection closes, within limits.
 */
export function discardUnreadBody(request: IncomingMessage, response: ServerResponse): void {
  const { socket } = request;
  const destroySoon = socket.destroySoon.bind(socket);
  // Node calls this after a response with `Connection: close`.
  socket.destroySoon = () => {
    if (request.complete) destroySoon();
    else socket.end();
  };
  response.on("close", () => {
    if (request.complete || socket.destroyed) return;
    const startedAt = performance.now();
    const bytesBefore = socket.bytesRead;
    const timer = setInterval(() => {
      const limitReached = socket.bytesRead - bytesBefore > maxBytes || performance.now() - startedAt > maxMs;
      if (limitReached || (request.complete && socket.writableEnded)) socket.destroy();
      if (socket.destroyed || request.complete) clearInterval(timer);
    }, checkIntervalMs);
    timer.unref();
  });
}

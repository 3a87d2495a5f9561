import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Dropping so much takes a few milliseconds; a client that sends no more than this always gets to read its answer. */
const maxBytes = 32 * 1024 * 1024;
const maxMs = 5000;
const everyMs = 20;

type Unread = { startedAt: number; bytesBefore: number };

/**
 * A request may have its answer while its body is still arriving. A connection that is closed then is reset, and the
 * client may lose the answer: so the rest is read and dropped first, within limits that end a client that goes on.
 */
export function createBodyDiscarder() {
  /** Sockets whose requests had bodies, each with the latest of them while it is arriving. */
  const arriving = new WeakMap<Socket, IncomingMessage | undefined>();
  const closing = new WeakSet<Socket>();
  const unread = new Map<Socket, Unread>();
  let timer: NodeJS.Timeout | undefined;

  const isArriving = (socket: Socket): boolean => arriving.get(socket)?.complete === false;

  const sweep = () => {
    const now = performance.now();
    for (const [socket, { startedAt, bytesBefore }] of unread) {
      const isOver = socket.bytesRead - bytesBefore > maxBytes || now - startedAt > maxMs;
      if (isOver || (closing.has(socket) && !isArriving(socket))) socket.destroy();
      if (socket.destroyed || !isArriving(socket)) unread.delete(socket);
    }
    if (unread.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };

  /** Once for each socket: Node calls `destroySoon` after an answer with `Connection: close`. */
  const closeAfterBody = (socket: Socket) => {
    const destroySoon = socket.destroySoon.bind(socket);
    socket.destroySoon = () => {
      // A client that has closed its side sends no more.
      if (!isArriving(socket) || socket.readableEnded) return destroySoon();
      closing.add(socket);
      socket.end();
    };
  };

  return {
    /** For each request that announces a body. */
    watch(request: IncomingMessage, response: ServerResponse): void {
      const { socket } = request;
      if (!arriving.has(socket)) closeAfterBody(socket);
      arriving.set(socket, request);
      response.on("close", () => {
        if (request.complete) {
          if (arriving.get(socket) === request) arriving.set(socket, undefined);
        } else if (!socket.destroyed) {
          unread.set(socket, { startedAt: performance.now(), bytesBefore: socket.bytesRead });
          timer ??= setInterval(sweep, everyMs).unref();
        }
      });
    },
    /** What follows an answer with `Connection: close` must not be processed (RFC 9112, 9.6). */
    isClosing: (socket: Socket): boolean => closing.has(socket),
  };
}

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** The maximum number of bytes that are read and dropped. Reading them takes a few milliseconds. */
const maxBytes = 32 * 1024 * 1024;
const maxMs = 5000;
const sweepIntervalMs = 20;

type Unread = { startedAt: number; bytesBefore: number };

/**
 * A connection that is closed with unread data is reset, and the client may then lose a response that was sent before
 * the whole request body had arrived. The rest of the body is therefore read and dropped, within limits, before the
 * connection closes.
 */
export function createBodyDiscarder() {
  /** The latest request with a body of each socket, while its body is arriving; undefined after that. */
  const arriving = new WeakMap<Socket, IncomingMessage | undefined>();
  const closing = new WeakSet<Socket>();
  const unread = new Map<Socket, Unread>();
  let timer: NodeJS.Timeout | undefined;

  const isArriving = (socket: Socket): boolean => arriving.get(socket)?.complete === false;

  const sweep = () => {
    const now = performance.now();
    for (const [socket, { startedAt, bytesBefore }] of unread) {
      const isLimitReached = socket.bytesRead - bytesBefore > maxBytes || now - startedAt > maxMs;
      if (isLimitReached || (closing.has(socket) && !isArriving(socket))) socket.destroy();
      if (socket.destroyed || !isArriving(socket)) unread.delete(socket);
    }
    if (unread.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };

  /** Replaces `destroySoon`, which Node calls after a response with `Connection: close`. */
  const closeAfterBody = (socket: Socket) => {
    const destroySoon = socket.destroySoon.bind(socket);
    socket.destroySoon = () => {
      // A client that has closed its side sends no more data.
      if (!isArriving(socket) || socket.readableEnded) return destroySoon();
      closing.add(socket);
      socket.end();
    };
  };

  return {
    /** Call for each request with a body. */
    watch(request: IncomingMessage, response: ServerResponse): void {
      const { socket } = request;
      if (!arriving.has(socket)) closeAfterBody(socket);
      arriving.set(socket, request);
      response.on("close", () => {
        if (request.complete) {
          if (arriving.get(socket) === request) arriving.set(socket, undefined);
        } else if (!socket.destroyed) {
          unread.set(socket, { startedAt: performance.now(), bytesBefore: socket.bytesRead });
          timer ??= setInterval(sweep, sweepIntervalMs).unref();
        }
      });
    },
    /** Requests after a response with `Connection: close` must not be processed (RFC 9112, 9.6). */
    isClosing: (socket: Socket): boolean => closing.has(socket),
  };
}

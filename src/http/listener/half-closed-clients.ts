import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

declare module "node:http" {
  interface Server {
    /** True: responses are sent although the client has shut down its sending side. Node does not document it. */
    httpAllowHalfOpen: boolean;
  }
}

/** The maximum time without a byte of the response, after the client has shut down its sending side. */
const defaultMaxSilenceMs = 2000;

/**
 * Answers clients that shut down their sending side after the request, as `nc -N` does. The end of a client that has
 * left looks the same, so its connection is closed, and the work for it aborted, if nothing is sent for a while. Streams
 * are closed at once: their place is needed when the client reconnects.
 */
export function answerHalfClosedClients(
  server: Server,
  latestResponse: (socket: Socket) => ServerResponse | undefined,
  hasStream: (socket: Socket) => boolean,
  maxSilenceMs = defaultMaxSilenceMs,
): void {
  server.httpAllowHalfOpen = true;
  function onEnd(this: Socket): void {
    const response = latestResponse(this);
    // A response that has ended may still wait for that of an earlier request.
    if (response === undefined || response.destroyed) return;
    if (hasStream(this)) this.destroy();
    else destroyWhenSilent(this, response, hasStream, maxSilenceMs);
  }
  server.on("connection", (socket: Socket) => socket.on("end", onEnd));
}

function destroyWhenSilent(
  socket: Socket,
  response: ServerResponse,
  hasStream: (socket: Socket) => boolean,
  maxSilenceMs: number,
): void {
  let sentBytes = socket.bytesWritten;
  const timer = setInterval(() => {
    // Data that waits to be sent belongs to a client that reads slowly: one that has left resets the connection.
    const isSilent = socket.bytesWritten === sentBytes && socket.writableLength === 0;
    // The heartbeats of a stream are never silent. It may have begun after the client's end.
    if (isSilent || hasStream(socket)) socket.destroy();
    sentBytes = socket.bytesWritten;
  }, maxSilenceMs);
  response.on("close", () => clearInterval(timer));
}

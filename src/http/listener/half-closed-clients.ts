import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

declare module "node:http" {
  interface Server {
    /** If true, responses are sent although the client has shut down its sending side. Not documented by Node. */
    httpAllowHalfOpen: boolean;
  }
}

/** The maximum time without a byte of the response, after the client has shut down its sending side. */
const defaultMaxSilenceMs = 2000;

/**
 * Answers clients that shut down their sending side after the request, as `nc -N` does. A client that has left looks the
 * same, so the connection is closed and its work is aborted if the server sends nothing for a while. A stream is closed
 * at once, because it would count against the user's stream limit when the client reconnects.
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
    // A response that has ended may still wait until the response to an earlier request is sent.
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
    // Data that waits to be sent means that the client reads slowly. A client that has left would reset the connection.
    const isSilent = socket.bytesWritten === sentBytes && socket.writableLength === 0;
    // A stream is never silent, because it sends heartbeats. It may begin after the client has shut down its sending side.
    if (isSilent || hasStream(socket)) socket.destroy();
    sentBytes = socket.bytesWritten;
  }, maxSilenceMs);
  response.on("close", () => clearInterval(timer));
}

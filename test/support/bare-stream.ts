import type { Socket } from "node:net";
import { atEnd } from "../shared/at-end.ts";
import { open } from "../shared/requests/http.ts";
import { bearer } from "../shared/requests/people.ts";
import type { Owner } from "./fixtures/maintenance-fixtures.ts";

/** Opens a stream without an HTTP client, so that thousands of streams need little memory in the test. */
export async function openBareStream(port: number, owner: Owner, onEvent: () => void): Promise<Socket> {
  const socket = await open(port);
  atEnd(() => socket.destroy());
  const { promise: responseStarted, resolve, reject } = Promise.withResolvers<void>();
  let isAwaitingResponse = true;
  socket.on("data", (chunk: Buffer) => {
    const text = chunk.toString("latin1");
    if (text.includes("\ndata: ")) onEvent();
    if (!isAwaitingResponse) return;
    isAwaitingResponse = false;
    if (text.startsWith("HTTP/1.1 200")) resolve();
    else reject(new Error(text.slice(0, 400)));
  });
  socket.write(`GET /api/v1/stream HTTP/1.1\r\nHost: a\r\nauthorization: ${bearer(owner).authorization}\r\n\r\n`);
  await responseStarted;
  return socket;
}

import { randomInt } from "node:crypto";
import { connect, createServer } from "node:net";

// Below the range of outgoing ports on every system. A client that retries a closed port inside that range can get the
// same port as its source, connect to itself, and so keep the engine from restarting there.
const minPort = 20_000;
const maxPort = 32_000;
const maxAttempts = 50;

export const localhost = "127.0.0.1";

export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const port = randomInt(minPort, maxPort);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port between ${minPort} and ${maxPort}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: localhost }, () => server.close(() => resolve(true)));
  });
}

export function acceptsConnections(port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: localhost });
    const end = (accepted: boolean) => {
      socket.destroy();
      resolve(accepted);
    };
    socket.setTimeout(timeoutMs, () => end(false));
    socket.once("connect", () => end(true)).once("error", () => end(false));
  });
}

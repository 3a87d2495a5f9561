import { randomInt } from "node:crypto";
import { connect, createServer } from "node:net";

// Below every system's range for outgoing connections: a client that retries a closed port of that range can be given
// the very port as its own and connect to itself, and the engine could not come back there.
const lowest = 20_000;
const highest = 32_000;
const attempts = 50;

export const localhost = "127.0.0.1";

export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const port = randomInt(lowest, highest);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port between ${lowest} and ${highest}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: localhost }, () => server.close(() => resolve(true)));
  });
}

export function answers(port: number, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: localhost });
    const end = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(limitMs, () => end(false));
    socket.once("connect", () => end(true)).once("error", () => end(false));
  });
}

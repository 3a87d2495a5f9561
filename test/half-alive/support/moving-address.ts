import { connect, createServer } from "node:net";
import { atEnd } from "../../shared/at-end.ts";
import { freePort } from "../../shared/free-port.ts";

export type MovingAddress = {
  port: number;
  /** Connects new clients to another server, as a DNS change does. Open connections stay on the old server. */
  moveTo(port: number): void;
};

/** Starts an address that leads to one server at a time, such as the name of a primary. */
export async function startMovingAddress(to: number): Promise<MovingAddress> {
  let target = to;
  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    for (const socket of [client, upstream]) socket.on("error", () => undefined);
    client.on("close", () => upstream.destroy()).pipe(upstream);
    upstream.on("close", () => client.destroy()).pipe(client);
  });
  const port = await freePort();
  server.listen(port, "127.0.0.1");
  atEnd(() => server.close());
  return {
    port,
    moveTo(next) {
      target = next;
    },
  };
}

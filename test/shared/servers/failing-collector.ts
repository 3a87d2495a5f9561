import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createServer as createTcpServer, type Socket, type Server as TcpServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { atEnd } from "../at-end.ts";
import { freePort } from "../free-port.ts";

/**
 * hanging: accepts and never answers · refusing: connection refused · resetting: closes connections · failing: answers 500 ·
 * slow: accepts each export after 1 s
 */
export const collectorFaults = ["hanging", "refusing", "resetting", "failing", "slow"] as const;
export type CollectorFault = (typeof collectorFaults)[number];

export type FailingCollector = {
  endpoint: string;
  /** Returns the number of connections or requests of exporters. A port that refuses connections counts none. */
  attempts(): number;
};

const slowMs = 1000;

/** Starts an endpoint of traces that fails in this way for as long as it runs. */
export async function startFailingCollector(fault: CollectorFault): Promise<FailingCollector> {
  let attempts = 0;
  const count = () => {
    attempts += 1;
  };
  const server = serverOf(fault, count);
  const port = server === undefined ? await freePort() : await listen(server);
  return { endpoint: `http://127.0.0.1:${port}`, attempts: () => attempts };
}

function serverOf(fault: CollectorFault, count: () => void): Server | TcpServer | undefined {
  switch (fault) {
    case "refusing":
      return undefined;
    case "hanging":
      return createTcpServer(count);
    case "resetting":
      return createTcpServer((socket) => {
        count();
        // Once the exporter has begun to send, so that its request is lost too.
        socket.once("data", () => socket.resetAndDestroy());
      });
    case "failing":
    case "slow":
      return createServer(async (request, response) => {
        count();
        request.resume();
        if (fault === "slow") await sleep(slowMs);
        response.writeHead(fault === "slow" ? 200 : 500, { "content-type": "application/x-protobuf" }).end();
      });
  }
}

async function listen(server: Server | TcpServer): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

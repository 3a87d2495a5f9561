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
  /** Returns the number of connections or requests of exporters. Always 0 for `refusing`. */
  attempts(): number;
};

const slowMs = 1000;

/** Starts a trace collector that always fails in the given way. */
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
        // The reset waits for the first data of the exporter, so that a request is lost with the connection.
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

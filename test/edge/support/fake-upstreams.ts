import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { atEnd } from "../../shared/at-end.ts";
import { hostOf, type Name, names } from "../../shared/servers/fleet.ts";

export type ReceivedRequest = {
  name: Name;
  method: string;
  url: string;
  headers: Readonly<Record<string, string>>;
  /** The names in lower case, in the received order. A header that was sent twice is in the list twice. */
  headerNames: readonly string[];
  bytes: number;
};

export type Behaviour = (request: IncomingMessage, response: ServerResponse, name: Name) => unknown;

export type FakeUpstreams = {
  /** All requests that the upstreams have received, except probes. */
  received: ReceivedRequest[];
  /** Sets the behaviour of all upstreams; by default they return the request that they received. */
  behave(behaviour?: Behaviour): void;
  /** Makes `/ready` of these upstreams return 503, and 200 on all others. */
  notReady(...names: readonly Name[]): void;
  /** Makes `/ready` of these upstreams return 200 with a body that reports not ready. */
  halfReady(...names: readonly Name[]): void;
  close(name: Name): Promise<void>;
  open(name: Name): Promise<void>;
  /** Waits until all upstreams run and are healthy. */
  restore(): Promise<void>;
  sockets(name: Name): number;
};

/** Starts servers in place of the instances. They record requests, and a test sets their behaviour. */
export async function startFakeUpstreams(): Promise<FakeUpstreams> {
  const received: ReceivedRequest[] = [];
  let behaviour: Behaviour = echo;
  let notReadyNames: readonly Name[] = [];
  let halfReadyNames: readonly Name[] = [];
  const servers = new Map<Name, { server: Server; sockets: Set<Socket> }>();

  const open = async (name: Name) => {
    const sockets = new Set<Socket>();
    const server = createServer({ keepAliveTimeout: 75_000 }, async (request, response) => {
      response.setHeader("X-Upstream", name);
      if (request.url === "/ready") {
        const ready = !notReadyNames.includes(name) && !halfReadyNames.includes(name);
        response.writeHead(notReadyNames.includes(name) ? 503 : 200);
        response.end(`{"status":"${ready ? "ready" : "not_ready"}","ready":${ready}}`);
        return;
      }
      const body = await buffer(request).catch(() => Buffer.alloc(0));
      received.push(toReceived(name, request, body.length));
      await behaviour(request, response, name);
    });
    server.on("upgrade", (request: IncomingMessage, socket: Socket) => {
      received.push(toReceived(name, request, 0));
      answerWebSocket(request, socket);
    });
    server.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.once("close", () => sockets.delete(socket));
    });
    server.listen(4000, hostOf(name));
    await once(server, "listening");
    servers.set(name, { server, sockets });
  };
  const close = async (name: Name) => {
    const running = servers.get(name);
    if (running === undefined) return;
    servers.delete(name);
    const closed = once(running.server, "close");
    running.server.close();
    for (const socket of running.sockets) socket.destroy();
    await closed;
  };
  for (const name of names) await open(name);
  atEnd(() => Promise.all(names.map(close)));
  return {
    received,
    behave: (next = echo) => {
      behaviour = next;
    },
    notReady: (...those) => {
      notReadyNames = those;
    },
    halfReady: (...those) => {
      halfReadyNames = those;
    },
    open,
    close,
    async restore() {
      notReadyNames = [];
      halfReadyNames = [];
      for (const name of names) if (!servers.has(name)) await open(name);
    },
    sockets: (name) => servers.get(name)?.sockets.size ?? 0,
  };
}

function toReceived(name: Name, request: IncomingMessage, bytes: number): ReceivedRequest {
  const { method = "", url = "", rawHeaders } = request;
  const headerNames = rawHeaders.filter((_, index) => index % 2 === 0).map((header) => header.toLowerCase());
  const headers = Object.fromEntries(headerNames.map((header, index) => [header, rawHeaders[index * 2 + 1] ?? ""]));
  return { name, method, url, headers, headerNames, bytes };
}

const echo: Behaviour = (request, response, name) => {
  response.writeHead(200, { "Content-Type": "application/json" });
  response.end(JSON.stringify({ name, url: request.url }));
};

/** Acts as a minimal WebSocket server: answers the handshake and then echoes every byte. */
function answerWebSocket(request: IncomingMessage, socket: Socket): void {
  const key = String(request.headers["sec-websocket-key"]);
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  socket.on("error", () => undefined);
  socket.write(
    [
      "HTTP/1.1 101 Switching Protocols",
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Accept: ${accept}`,
      "",
      "",
    ].join("\r\n"),
  );
  socket.on("data", (chunk: Buffer) => socket.write(chunk));
  socket.on("end", () => socket.end());
}

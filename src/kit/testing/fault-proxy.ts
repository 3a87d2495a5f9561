import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/**
 * pass: no fault · refuse: connection refused · hole: accepts and never answers · freeze: like hole, but data that is
 * sent during the fault arrives when the fault ends · reset: closes connections · delay: delays responses
 * @example const fault: Fault = { delayMs: 500 };
 */
export type Fault =
  | "pass"
  | "refuse"
  | "hole"
  | "freeze"
  | "reset"
  | {
      /** How long each response waits. */
      delayMs: number;
    };

/**
 * A proxy in front of a service, for tests.
 * @example const proxy: FaultProxy = await startFaultProxy("postgres://127.0.0.1:5432/orders");
 */
export type FaultProxy = {
  /** The address of the service through the proxy. */
  url: string;
  /** The port of the proxy on 127.0.0.1. */
  port: number;
  /** Injects a fault, in place of the previous one. */
  set(fault: Fault): Promise<void>;
  /** Returns the number of connections that are open now. */
  open(): number;
  /** Returns the number of connections since the start. */
  opened(): number;
  /** Returns the bytes that clients have sent, for counting commands. */
  sent(): string;
  /** Closes the proxy and its connections. */
  close(): void;
};

/**
 * Starts a proxy on 127.0.0.1, between a client and a real service, that injects one fault at a time. The proxy keeps
 * all bytes that clients send, for `sent()`. Set `keepsSent` to false in a long run, to save memory.
 * @example
 * const proxy = await startFaultProxy("redis://127.0.0.1:6379");
 * await proxy.set("hole"); // an app that is connected to proxy.url receives nothing more
 * proxy.close();
 */
export async function startFaultProxy(serviceUrl: string, { keepsSent = true } = {}): Promise<FaultProxy> {
  const service = new URL(serviceUrl);
  const target = { host: service.hostname, port: Number(service.port) };
  const pairs = new Set<{ client: Socket; upstream: Socket }>();
  let fault: Fault = "pass";
  let opened = 0;
  let sent = "";

  const listener = createServer({ noDelay: true }, (client) => {
    opened += 1;
    const upstream = connect({ ...target, noDelay: true });
    const pair = { client, upstream };
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on("error", end).on("close", end);
    pauseOrResume(pair);
    client.on("data", (chunk: Buffer) => {
      if (keepsSent) sent += chunk.toString("latin1");
      if (fault !== "hole") upstream.write(chunk);
    });
    upstream.on("data", (chunk: Buffer) => {
      if (fault === "hole") return;
      if (typeof fault === "object") setTimeout(() => client.write(chunk), fault.delayMs).unref();
      else client.write(chunk);
    });
  });
  const pauseOrResume = ({ client, upstream }: { client: Socket; upstream: Socket }) => {
    for (const socket of [client, upstream]) fault === "freeze" ? socket.pause() : socket.resume();
  };
  const listen = async (port: number) => {
    listener.listen(port, "127.0.0.1");
    await once(listener, "listening");
    const address = listener.address();
    return typeof address === "object" && address !== null ? address.port : port;
  };
  const cut = () => {
    for (const { client, upstream } of pairs) {
      client.resetAndDestroy();
      upstream.destroy();
    }
  };
  const port = await listen(0);
  const url = new URL(serviceUrl);
  url.host = `127.0.0.1:${port}`;

  return {
    url: url.href,
    port,
    async set(next) {
      fault = next;
      for (const pair of pairs) pauseOrResume(pair);
      if (next === "refuse") listener.close();
      if (next === "refuse" || next === "reset") cut();
      if (next !== "refuse" && !listener.listening) await listen(port);
    },
    open: () => pairs.size,
    opened: () => opened,
    sent: () => sent,
    close() {
      cut();
      listener.close();
    },
  };
}

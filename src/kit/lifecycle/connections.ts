import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { createUnorderedSet } from "../../core/unordered-set.ts";

/** A request that is being answered. */
export type Exchange = { request: IncomingMessage; response: ServerResponse; startedAt: number };

/** Something long-lived (an event stream, an upgraded socket) that knows how to end well. */
export type DrainHandler = () => void;

/**
 * Knows every socket, every request in flight and every stream of a server. Node's own `close()` and
 * `closeIdleConnections()` cut idle sockets at once and leave upgraded, silent and half-sent ones behind.
 */
export function trackConnections(clock: { now(): number }) {
  const inFlightBySocket = new Map<Socket, number>();
  const exchanges = createUnorderedSet<Exchange>();
  const drainHandlers = new Set<DrainHandler>();
  const waiting = new Set<() => void>();
  let closing = false;
  let endIdleSockets = false;
  const closed = { received: 0, sent: 0 };

  const closeIfIdle = (socket: Socket) => {
    if (endIdleSockets && inFlightBySocket.get(socket) === 0) socket.end(() => socket.destroy());
    if (exchanges.size() === 0) for (const wake of waiting) wake();
  };

  return {
    /** Every socket of this server is known from now on; upgraded ones stay known until they close. */
    watch(server: Server) {
      server.on("connection", (socket: Socket) => {
        inFlightBySocket.set(socket, 0);
        socket.on("close", () => {
          inFlightBySocket.delete(socket);
          closed.received += socket.bytesRead;
          closed.sent += socket.bytesWritten;
        });
      });
    },
    begin(request: IncomingMessage, response: ServerResponse): Exchange {
      const exchange = { request, response, startedAt: clock.now() };
      const { socket } = request;
      const leave = exchanges.add(exchange);
      inFlightBySocket.set(socket, (inFlightBySocket.get(socket) ?? 0) + 1);
      if (closing) response.shouldKeepAlive = false;
      response.on("close", () => {
        leave();
        const left = inFlightBySocket.get(socket);
        if (left !== undefined) inFlightBySocket.set(socket, left - 1);
        closeIfIdle(socket);
      });
      return exchange;
    },
    /** Registers how a long-lived exchange is ended when the server drains. */
    onDrain(ending: DrainHandler): () => void {
      drainHandlers.add(ending);
      return () => drainHandlers.delete(ending);
    },
    inFlight: (): number => exchanges.size(),
    exchanges: (): readonly Exchange[] => exchanges.members(),
    isBusy: (socket: Socket): boolean => (inFlightBySocket.get(socket) ?? 0) > 0,
    sockets: (): number => inFlightBySocket.size,
    /** Bytes over all connections that there ever were. */
    bytes(): { received: number; sent: number } {
      const sum = { ...closed };
      for (const { bytesRead, bytesWritten } of inFlightBySocket.keys()) {
        sum.received += bytesRead;
        sum.sent += bytesWritten;
      }
      return sum;
    },
    /** Hands out the endings of all streams; each is called once. */
    takeDrainHandlers(): readonly DrainHandler[] {
      const taken = [...drainHandlers];
      drainHandlers.clear();
      return taken;
    },
    isClosing: (): boolean => closing,
    /** Every answer that has not begun yet tells its client to close the connection. */
    startClosing() {
      closing = true;
      for (const { response } of exchanges.members()) if (!response.headersSent) response.shouldKeepAlive = false;
    },
    /** Ends sockets without a request, now and as they become idle: kept-alive, silent and half-sent ones. */
    endIdle() {
      endIdleSockets = true;
      for (const socket of inFlightBySocket.keys()) closeIfIdle(socket);
    },
    /** Resolves when nothing is in flight any more, or with false when the time is up. */
    async idleWithin(timeoutMs: number): Promise<boolean> {
      if (exchanges.size() === 0) return true;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const wake = () => resolve(true);
      const timer = setTimeout(() => resolve(false), timeoutMs);
      waiting.add(wake);
      const idle = await promise;
      waiting.delete(wake);
      clearTimeout(timer);
      return idle;
    },
    /** Cuts what is left, and says which requests that were. */
    cut(): Exchange[] {
      const lost = exchanges.members();
      for (const socket of inFlightBySocket.keys()) socket.destroy();
      return lost;
    },
  };
}

export type Connections = ReturnType<typeof trackConnections>;

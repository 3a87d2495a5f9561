import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Server as TlsServer } from "node:tls";
import { createUnorderedSet } from "../../core/unordered-set.ts";

/** A request that is being answered. */
export type Exchange = { request: IncomingMessage; response: ServerResponse; startedAt: number };

/** Ends a long-lived exchange (an event stream, an upgraded socket) cleanly. */
export type DrainHandler = () => void;

/**
 * Tracks the sockets, requests in flight and streams of a server. Node's own `close()` and `closeIdleConnections()`
 * close idle sockets at once. They leave a socket open if it is upgraded, has sent nothing, or has sent half a request.
 */
export function trackConnections(clock: { now(): number }) {
  const watched = new WeakSet<Server>();
  /** The requests in flight of each open socket: more than one if the client pipelines. */
  const exchangesBySocket = new Map<Socket, Exchange[]>();
  const exchanges = createUnorderedSet<Exchange>();
  const drainHandlers = new Set<DrainHandler>();
  const idleWaiters = new Set<() => void>();
  let closing = false;
  let shouldEndIdleSockets = false;
  const bytesOfClosedSockets = { received: 0, sent: 0 };

  const closeIfIdle = (socket: Socket) => {
    if (shouldEndIdleSockets && exchangesBySocket.get(socket)?.length === 0) socket.end(() => socket.destroy());
    if (exchanges.size() === 0) for (const wake of idleWaiters) wake();
  };

  const track = (socket: Socket): Exchange[] => {
    const exchangesOfSocket: Exchange[] = [];
    exchangesBySocket.set(socket, exchangesOfSocket);
    socket.on("close", () => {
      exchangesBySocket.delete(socket);
      bytesOfClosedSockets.received += socket.bytesRead;
      bytesOfClosedSockets.sent += socket.bytesWritten;
    });
    return exchangesOfSocket;
  };

  return {
    /** Tracks every new socket of this server until it closes, also when it is upgraded. */
    watch(server: Server) {
      if (watched.has(server)) return;
      watched.add(server);
      // A request of a TLS server refers to the socket of "secureConnection", and not to the socket of "connection".
      server.on(server instanceof TlsServer ? "secureConnection" : "connection", track);
    },
    isWatched: (server: Server): boolean => watched.has(server),
    begin(request: IncomingMessage, response: ServerResponse): Exchange {
      const exchange = { request, response, startedAt: clock.now() };
      const { socket } = request;
      const removeExchange = exchanges.add(exchange);
      // A socket that was open before the server was watched is tracked from here on.
      const exchangesOfSocket = exchangesBySocket.get(socket) ?? (socket.destroyed ? [] : track(socket));
      exchangesOfSocket.push(exchange);
      if (closing) response.shouldKeepAlive = false;
      response.on("close", () => {
        removeExchange();
        exchangesOfSocket.splice(exchangesOfSocket.indexOf(exchange), 1);
        closeIfIdle(socket);
      });
      return exchange;
    },
    /**
     * Registers how a long-lived exchange ends when the server drains. Returns a function that removes the
     * registration.
     */
    onDrain(handler: DrainHandler): () => void {
      drainHandlers.add(handler);
      return () => drainHandlers.delete(handler);
    },
    inFlight: (): number => exchanges.size(),
    exchanges: (): readonly Exchange[] => exchanges.members(),
    exchangesOf: (socket: Socket): readonly Exchange[] => exchangesBySocket.get(socket) ?? [],
    sockets: (): number => exchangesBySocket.size,
    /** Returns the bytes of all connections since the start. */
    bytes(): { received: number; sent: number } {
      const sum = { ...bytesOfClosedSockets };
      for (const { bytesRead, bytesWritten } of exchangesBySocket.keys()) {
        sum.received += bytesRead;
        sum.sent += bytesWritten;
      }
      return sum;
    },
    /** Removes and returns all drain handlers, so that each is called once. */
    takeDrainHandlers(): readonly DrainHandler[] {
      const taken = [...drainHandlers];
      drainHandlers.clear();
      return taken;
    },
    isClosing: (): boolean => closing,
    /** Adds `Connection: close` to every response whose headers are not sent yet, and to all later ones. */
    startClosing() {
      closing = true;
      for (const { response } of exchanges.members()) if (!response.headersSent) response.shouldKeepAlive = false;
    },
    /** Closes every socket without a request in flight, now and whenever a request ends. */
    endIdle() {
      shouldEndIdleSockets = true;
      for (const socket of exchangesBySocket.keys()) closeIfIdle(socket);
    },
    /** Resolves with true when no request is in flight, or with false after `timeoutMs`. */
    async idleWithin(timeoutMs: number): Promise<boolean> {
      if (exchanges.size() === 0) return true;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const wake = () => resolve(true);
      const timer = setTimeout(() => resolve(false), timeoutMs);
      idleWaiters.add(wake);
      const isIdle = await promise;
      idleWaiters.delete(wake);
      clearTimeout(timer);
      return isIdle;
    },
    /** Destroys all remaining sockets, and returns their unanswered requests. */
    cut(): Exchange[] {
      const unanswered = exchanges.members();
      for (const socket of exchangesBySocket.keys()) socket.destroy();
      return unanswered;
    },
  };
}

export type Connections = ReturnType<typeof trackConnections>;

import type { Server } from "node:http";
import net from "node:net";
import { setImmediate as nextTick, setTimeout as sleep } from "node:timers/promises";
import { guard } from "../guard-callback.ts";
import { duration, faultsIn, refuse } from "../option-rules.ts";
import type { Connections, DrainHandler, Exchange } from "./connections.ts";
import type { Lifecycle } from "./phase.ts";

const idleTickMs = 0.1;
const maxTicks = 200;

/**
 * The times of a drain, which the README explains.
 * @example const times: DrainTimes = { delayMs: 8000, lingerMs: 3000, timeoutMs: 25_000 };
 */
export type DrainTimes = {
  /** How long to keep serving while `/ready` reports draining, until proxies have detected it. */
  delayMs: number;
  /** How long answers carry `Connection: close` after the listener has closed. */
  lingerMs: number;
  /** How long requests in flight may take after the listener has closed. */
  timeoutMs: number;
};

export type DrainDeps = {
  servers: Iterable<Server>;
  connections: Connections;
  lifecycle: Pick<Lifecycle, "advance" | "is">;
  times: DrainTimes;
  /** Called for each request that was cut at the deadline. */
  onCut?: (exchange: Exchange) => void;
};

const timeRules: Record<keyof DrainTimes, typeof duration> = {
  delayMs: duration,
  lingerMs: duration,
  timeoutMs: duration,
};

/** Throws an error that lists the times that are not durations. */
export function refuseWrongTimes(times: DrainTimes): void {
  refuse("drain", faultsIn(times, timeRules));
}

/**
 * Takes a server out of service without failing a request. First `/ready` reports draining, while everything else stays
 * the same. Then the listener closes, and responses get `Connection: close`. Idle sockets are closed last.
 * docs/adr/0003 has the measurements behind this order.
 */
export async function drain({ servers, connections, lifecycle, times, onCut }: DrainDeps): Promise<{ cut: number }> {
  // No proxy sends requests to an instance that was never ready.
  const wasReady = lifecycle.is("ready");
  lifecycle.advance("draining");
  endStreams(connections, wasReady ? times.delayMs : 0);
  if (wasReady) await sleep(times.delayMs);

  await waitForIdleTick();
  const closedAt = performance.now();
  for (const server of servers) closeListener(server);
  connections.startClosing();
  // Ends the streams that were opened during the delay.
  endStreams(connections, 0);
  if (wasReady) await sleep(Math.min(times.lingerMs, times.timeoutMs));
  // Node runs timers before it reads sockets. So after a stall, a socket that looks idle may hold an unread request.
  await waitForIdleTick();
  connections.endIdle();

  const remainingMs = Math.max(0, times.timeoutMs - (performance.now() - closedAt));
  await connections.idleWithin(remainingMs);
  const unanswered = connections.cut();
  for (const exchange of unanswered) guard("onCut", () => onCut?.(exchange));
  return { cut: unanswered.length };
}

/**
 * Waits for a tick of the event loop with almost no work. When the listener closes, connections in the accept queue are
 * reset. Node accepts connections once per tick, so after an idle tick the queue is empty. Each tick also reads the
 * sockets.
 */
async function waitForIdleTick(): Promise<void> {
  for (let tick = 0; tick < maxTicks; tick += 1) {
    const startedAt = performance.now();
    await nextTick();
    if (performance.now() - startedAt < idleTickMs) return;
  }
}

/** Closes the listener only. `http.Server.close()` would also close idle sockets, and lose a POST that is in transit on one. */
function closeListener(server: Server): void {
  if (server.listening) net.Server.prototype.close.call(server);
}

/** Ends streams one after the other, so that their clients do not all reconnect at the same moment. */
function endStreams(connections: Connections, withinMs: number): void {
  const handlers = connections.takeDrainHandlers();
  for (const [index, handler] of handlers.entries()) {
    const afterMs = (withinMs * (index + 1)) / (handlers.length + 1);
    if (afterMs < 1) runHandler(handler);
    else setTimeout(runHandler, afterMs, handler).unref();
  }
}

/**
 * An exception does not stop the drain. The socket of the stream is still tracked, and is closed or cut like any other.
 */
const runHandler = (handler: DrainHandler): void => guard("a drain handler", handler);

import type { Server } from "node:http";
import net from "node:net";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { Connections, DrainHandler, Exchange } from "./connections.ts";
import type { Lifecycle } from "./phase.ts";

const quietMs = 0.1;
const mostTurns = 200;

export type DrainTimes = { delayMs: number; lingerMs: number; timeoutMs: number };

export type DrainDeps = {
  server: Server;
  connections: Connections;
  lifecycle: Pick<Lifecycle, "advance" | "is">;
  times: DrainTimes;
  /** Called for each request that was still unanswered at the deadline. */
  onCut?: (exchange: Exchange) => void;
};

/**
 * Takes a server out of service so that no request notices. The order is measured (docs/adr/0003): readiness first
 * and everything as ever; then the listener; only then `Connection: close`; idle sockets last.
 */
export async function drain({ server, connections, lifecycle, times, onCut }: DrainDeps): Promise<{ cut: number }> {
  // An instance that was never in rotation has nobody to tell.
  const wasReady = lifecycle.is("ready");
  lifecycle.advance("draining");
  endStreams(connections, wasReady ? times.delayMs : 0);
  if (wasReady) await sleep(times.delayMs);

  await waitForIdleTick();
  const closedAt = performance.now();
  closeListener(server);
  connections.startClosing();
  endStreams(connections, 0);
  if (wasReady) await sleep(Math.min(times.lingerMs, times.timeoutMs));
  connections.endIdle();

  const left = Math.max(0, times.timeoutMs - (performance.now() - closedAt));
  await connections.idleWithin(left);
  const lost = connections.cut();
  for (const exchange of lost) onCut?.(exchange);
  return { cut: lost.length };
}

/**
 * Whom the kernel still holds when the listener closes is reset unread. The loop takes in who is at the door once a
 * turn, so the door is closed in a turn that had next to nothing else to do.
 */
async function waitForIdleTick(): Promise<void> {
  for (let turn = 0; turn < mostTurns; turn += 1) {
    const began = performance.now();
    await nextTurn();
    if (performance.now() - began < quietMs) return;
  }
}

/** `http.Server.close()` cuts idle kept-alive sockets at once, and with them a POST that is on its way. */
function closeListener(server: Server): void {
  if (server.listening) net.Server.prototype.close.call(server);
}

/** Clients that reconnect elsewhere all at once are a stampede, so their streams end one after the other. */
function endStreams(connections: Connections, withinMs: number): void {
  const endings = connections.takeDrainHandlers();
  for (const [index, end] of endings.entries()) {
    const at = (withinMs * (index + 1)) / (endings.length + 1);
    if (at < 1) endQuietly(end);
    else setTimeout(endQuietly, at, end).unref();
  }
}

/** A stream that cannot be ended well is cut with the rest; it must not stop the drain. */
function endQuietly(end: DrainHandler): void {
  try {
    end();
  } catch {
    // Its socket is still known, and is ended or cut like any other.
  }
}

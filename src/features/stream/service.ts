import type { ServerResponse } from "node:http";
import { AppError } from "../../core/errors/app-error.ts";
import { createConcurrencyLimiter } from "../../core/limits/concurrency-limiter.ts";
import { createPerKeyLimit } from "../../core/limits/per-key-limit.ts";
import type { Database, Queryable } from "../../db/pool.ts";
import type { Caller } from "../../http/access.ts";
import type { Connections } from "../../kit/lifecycle/connections.ts";
import type { Channel } from "../../redis/channel.ts";
import { heartbeat, openingFrame } from "./frame.ts";
import { createHubs } from "./hubs.ts";
import { createReader, type EndReason, type Reader } from "./reader.ts";
import { positions } from "./repository.ts";
import { createStaggeredVisits } from "./staggered-visits.ts";
import { createStreamSessions } from "./stream-sessions.ts";

export type StreamSettings = {
  maxOpen: number;
  maxPerUser: number;
  pollMs: number;
  heartbeatMs: number;
  sessionCheckMs: number;
  bufferBytes: number;
  stallMs: number;
};

export type StreamDeps = {
  settings: StreamSettings;
  db: Database;
  channel: Channel;
  connections: Pick<Connections, "onDrain" | "isClosing">;
  isStillSignedIn(caller: Caller): Promise<boolean>;
};

const maxReadWaitMs = 10_000;
/** Limits the connections that resuming streams take from the pool, so that requests get connections as well. */
const maxConcurrentReads = 4;

/** Streams an owner's maintenance events. Events are read from Postgres; Redis only signals that there are new ones. */
export function createStreamService({ settings, db, channel, connections, isStillSignedIn }: StreamDeps) {
  const readers = new Set<Reader>();
  const closedByServer = new Map<EndReason, number>();
  let eventsSent = 0;

  const limiter = createConcurrencyLimiter({
    maxConcurrent: maxConcurrentReads,
    maxWaitMs: maxReadWaitMs,
    maxQueued: settings.maxOpen,
    rejectionError: () =>
      new AppError("overloaded", "Too many streams are resuming. Retry in a moment.", { retryAfterSeconds: 2 }),
  });
  const limitedReads: Queryable = { query: (sql, values) => limiter.run(() => db.query(sql, values)) };
  const hubs = createHubs({
    db: limitedReads,
    pollMs: settings.pollMs,
    onSent: (events) => {
      eventsSent += events;
    },
  });
  const sessions = createStreamSessions({ intervalMs: settings.sessionCheckMs, isStillSignedIn });
  const heartbeats = createStaggeredVisits<Reader>(settings.heartbeatMs, (reader) => {
    if (reader.isIdle()) reader.write(heartbeat);
  });

  const perUser = createPerKeyLimit({
    maxPerKey: settings.maxPerUser,
    rejectionError: () => new AppError("rate_limited", "Stream limit for this user reached.", { retryAfterSeconds: 5 }),
  });

  const assertCapacity = () => {
    if (readers.size < settings.maxOpen) return;
    throw new AppError("overloaded", "Stream limit of this instance reached.", { retryAfterSeconds: 5 });
  };

  return {
    /** Reserves a stream of the user until the response closes. */
    reserve(owner: string, response: ServerResponse): void {
      assertCapacity();
      const release = perUser.take(owner);
      response.on("close", release);
      // The client may have disconnected during authentication.
      if (response.destroyed) release();
    },

    /**
     * Returns the position to start from, which is `after` or that of the latest event, and the owner's latest
     * position.
     */
    async startPosition(owner: string, after: number | undefined): Promise<{ start: number; head: number }> {
      const head = await positions.head(limitedReads, owner);
      return { start: Math.min(after ?? head, head), head };
    },

    /** Writes events to a response whose headers are sent, until either side closes it. */
    open(caller: Caller, response: ServerResponse, { start, head }: { start: number; head: number }): void {
      const { userId: owner } = caller;
      const leave = (): boolean => {
        if (!readers.delete(reader)) return false;
        removeDrainHandler();
        heartbeats.remove(reader);
        sessions.remove(caller, reader);
        hubs.leave(owner, reader);
        return true;
      };
      const end = (reason: EndReason) => {
        const wasOpen = leave();
        if (wasOpen) closedByServer.set(reason, (closedByServer.get(reason) ?? 0) + 1);
        // The connection is reset, because after a plain close the kernel would keep the unread data.
        if (reason === "slow") response.socket?.resetAndDestroy();
        else if (wasOpen) response.end();
      };
      const { bufferBytes, stallMs } = settings;
      const onBufferSpace = () => hubs.resume(owner, reader);
      const reader = createReader({ response, position: start, bufferBytes, stallMs, onBufferSpace, end });
      const removeDrainHandler = connections.onDrain(() => end("drain"));
      response.on("close", leave);
      readers.add(reader);
      reader.write(openingFrame(start));
      if (connections.isClosing()) {
        // The drain handlers have run already.
        end("drain");
        return;
      }
      heartbeats.add(reader);
      sessions.add(caller, reader);
      hubs.join(owner, reader, head);
      channel.listen({ onMessage: hubs.wake, onListening: hubs.poll });
    },

    assertCapacity,

    /** Call after an event of this owner was committed. */
    wake(owner: string): void {
      hubs.wake(owner);
      channel.publish(owner);
    },

    counts: {
      open: (): number => readers.size,
      eventsSent: (): number => eventsSent,
      closedByServer: (): ReadonlyMap<string, number> => closedByServer,
    },

    stop(): void {
      heartbeats.stop();
      sessions.stop();
      hubs.stop();
      channel.close();
    },
  };
}

export type StreamService = ReturnType<typeof createStreamService>;

import type { ServerResponse } from "node:http";
import { AppError } from "../../core/app-error.ts";
import { createConcurrencyLimiter } from "../../core/concurrency-limiter.ts";
import { createPerKeyLimit } from "../../core/per-key-limit.ts";
import type { Database, Queryable } from "../../db/pool.ts";
import type { Caller } from "../../http/operation.ts";
import type { Connections } from "../../kit/lifecycle/connections.ts";
import type { Channel } from "../../redis/channel.ts";
import { heartbeat, openingOf } from "./frame.ts";
import { createHubs } from "./hubs.ts";
import { createReader, type EndReason, type Reader } from "./reader.ts";
import { positions } from "./repository.ts";
import { createSignIns } from "./sign-ins.ts";
import { createStaggeredVisits } from "./staggered-visits.ts";

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

const longestReadWaitMs = 10_000;
/** Of the pool's connections, so that a thousand streams that catch up leave some to the requests. */
const mostReadsAtOnce = 4;

/** Events of an owner's maintenance requests, told as they happen. Rows are the truth; Redis only wakes. */
export function createStreamService({ settings, db, channel, connections, isStillSignedIn }: StreamDeps) {
  const readers = new Set<Reader>();
  const cuts = new Map<EndReason, number>();
  let eventsSent = 0;

  const gate = createConcurrencyLimiter({
    maxConcurrent: mostReadsAtOnce,
    maxWaitMs: longestReadWaitMs,
    maxQueued: settings.maxOpen,
    onRejected: () => new AppError("overloaded", "Too many streams are catching up.", { retryAfterSeconds: 2 }),
  });
  const reads: Queryable = { query: (sql, values) => gate.run(() => db.query(sql, values)) };
  const hubs = createHubs({
    db: reads,
    pollMs: settings.pollMs,
    onSent: (events) => {
      eventsSent += events;
    },
  });
  const signIns = createSignIns({ everyMs: settings.sessionCheckMs, isStillSignedIn });
  const heartbeats = createStaggeredVisits<Reader>(settings.heartbeatMs, (reader) => {
    if (reader.isIdle()) reader.write(heartbeat);
  });

  const shares = createPerKeyLimit({
    maxPerKey: settings.maxPerUser,
    onRejected: () =>
      new AppError("rate_limited", "You have as many streams open as you may.", { retryAfterSeconds: 5 }),
  });

  const assertPlace = () => {
    if (readers.size < settings.maxOpen) return;
    throw new AppError("overloaded", "This instance has as many streams open as it may.", { retryAfterSeconds: 5 });
  };

  return {
    /** For as long as the response is open. */
    admit(owner: string, response: ServerResponse): void {
      assertPlace();
      const giveBack = shares.take(owner);
      response.on("close", giveBack);
      // The client went away while it was asked who it is.
      if (response.destroyed) giveBack();
    },

    /** Where a stream begins that is to go on after a position, or with what happens from now on. */
    async startOf(owner: string, after: number | undefined): Promise<{ start: number; head: number }> {
      const head = await positions.head(reads, owner);
      return { start: Math.min(after ?? head, head), head };
    },

    /** Writes to a response whose head is sent, until one side has enough. */
    open(caller: Caller, response: ServerResponse, { start, head }: { start: number; head: number }): void {
      const { userId: owner } = caller;
      const leave = (): boolean => {
        if (!readers.delete(reader)) return false;
        forgetEnding();
        heartbeats.remove(reader);
        signIns.remove(caller, reader);
        hubs.leave(owner, reader);
        return true;
      };
      const end = (reason: EndReason) => {
        const wasOpen = leave();
        if (wasOpen) cuts.set(reason, (cuts.get(reason) ?? 0) + 1);
        // A plain close would leave to the kernel what nobody takes.
        if (reason === "slow") response.socket?.resetAndDestroy();
        else if (wasOpen) response.end();
      };
      const { bufferBytes, stallMs } = settings;
      const onRoom = () => hubs.goOn(owner, reader);
      const reader = createReader({ response, position: start, bufferBytes, stallMs, onRoom, end });
      const forgetEnding = connections.onDrain(() => end("drain"));
      response.on("close", leave);
      readers.add(reader);
      reader.write(openingOf(start));
      if (connections.isClosing()) {
        // Nobody would end it any more.
        end("drain");
        return;
      }
      heartbeats.add(reader);
      signIns.add(caller, reader);
      hubs.join(owner, reader, head);
      channel.listen({ onMessage: hubs.wake, onListening: hubs.look });
    },

    assertPlace,

    /** An event of this owner is there to be read. */
    wake(owner: string): void {
      hubs.wake(owner);
      channel.publish(owner);
    },

    counts: {
      open: (): number => readers.size,
      eventsSent: (): number => eventsSent,
      cuts: (): ReadonlyMap<string, number> => cuts,
    },

    stop(): void {
      heartbeats.stop();
      signIns.stop();
      hubs.stop();
      channel.close();
    },
  };
}

export type StreamService = ReturnType<typeof createStreamService>;

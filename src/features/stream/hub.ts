import { setImmediate as nextTurn } from "node:timers/promises";
import type { Frame } from "./frame.ts";
import type { Reader } from "./reader.ts";

export type HubDeps = {
  /** Up to here nobody has to be told. */
  head: number;
  /** Frames of the next events after a position; `last` where there was nothing behind them. */
  read(after: number, mostEvents: number): Promise<{ frames: readonly Frame[]; last: boolean }>;
  onSent(events: number): void;
};

const readersInATurn = 250;
const eventsOnAPage = 50;

/**
 * All streams of one owner on this instance. What is new is read once and written to all who are live. Whoever is
 * behind, as a new reader or as a slow one, reads for itself until its position is the hub's, and is live from then on.
 * Only positions decide who gets what, so nothing is lost at that seam, and nothing comes twice.
 */
export function createHub({ head, read, onSent }: HubDeps) {
  const readers = new Set<Reader>();
  const live = new Set<Reader>();
  const waiting = new Set<Reader>();
  let position = head;
  let reading = false;
  let again = false;

  /** `apart`: the reader has seen a part of a frame already, and has to read for itself. */
  const feed = (reader: Reader, frames: readonly Frame[]): "fed" | "full" | "apart" => {
    for (const frame of frames) {
      if (frame.position <= reader.position) continue;
      if (frame.after < reader.position) return "apart";
      if (!reader.hasRoom()) return "full";
      reader.write(frame.bytes);
      reader.position = frame.position;
      onSent(frame.events);
    }
    return "fed";
  };

  const follow = async (reader: Reader): Promise<void> => {
    while (readers.has(reader)) {
      const goal = position;
      if (reader.position >= goal) {
        live.add(reader);
        return;
      }
      if (!reader.hasRoom()) return;
      const page = await read(reader.position, reader.appetite).catch(() => undefined);
      if (page === undefined) {
        if (readers.has(reader)) waiting.add(reader);
        return;
      }
      if (!readers.has(reader)) return;
      // What does not fit is forgotten here and read again: a slow reader must not keep pages in memory.
      const full = feed(reader, page.frames) === "full";
      reader.appetite = full ? Math.ceil(reader.appetite / 4) : Math.min(reader.appetite * 2, eventsOnAPage);
      if (full) return;
      // Of the rows up to the goal those that are not there any more will not come.
      if (page.last) reader.position = Math.max(reader.position, goal);
    }
  };

  const tell = async (frames: readonly Frame[]): Promise<void> => {
    let told = 0;
    for (const reader of [...live]) {
      told += 1;
      if (told % readersInATurn === 0) await nextTurn();
      if (!live.has(reader)) continue;
      const outcome = feed(reader, frames);
      if (outcome !== "fed") live.delete(reader);
      if (outcome === "apart") void follow(reader);
    }
  };

  const readOn = async (): Promise<void> => {
    reading = true;
    do {
      again = false;
      const page = await read(position, eventsOnAPage).catch(() => undefined);
      // The next look at the heads finds it behind, and it is woken again.
      if (page === undefined) break;
      // First of all: whoever joins while the others are told belongs behind these frames.
      position = page.frames.at(-1)?.position ?? position;
      await tell(page.frames);
      again ||= !page.last;
    } while (again && readers.size > 0);
    reading = false;
  };

  const wake = () => {
    again = true;
    if (!reading) void readOn();
  };

  return {
    position: (): number => position,
    readers: (): ReadonlySet<Reader> => readers,
    join(reader: Reader): void {
      readers.add(reader);
      void follow(reader);
    },
    leave(reader: Reader): void {
      for (const set of [readers, live, waiting]) set.delete(reader);
    },
    /** The reader has room again. */
    resume(reader: Reader): void {
      if (!live.has(reader)) void follow(reader);
    },
    /** There may be something new. */
    wake,
    /** Postgres answers, and this is the owner's head there. */
    syncTo(atHead: number): void {
      if (atHead > position) wake();
      for (const reader of waiting) {
        waiting.delete(reader);
        void follow(reader);
      }
    },
  };
}

export type Hub = ReturnType<typeof createHub>;

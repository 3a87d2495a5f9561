import { setImmediate as nextTurn } from "node:timers/promises";
import type { Frame } from "./frame.ts";
import type { Reader } from "./reader.ts";

export type HubDeps = {
  /** The position of the owner's latest event when the hub is created. Live readers get only later events. */
  head: number;
  /** Reads the next events after a position. `isLast` is true if there are no more. */
  read(after: number, maxEvents: number): Promise<{ frames: readonly Frame[]; isLast: boolean }>;
  onSent(events: number): void;
};

const readersPerTick = 250;
const eventsPerRead = 50;

/**
 * Creates the hub of all streams of one owner on this instance. It reads new events once and writes them to all live
 * readers. A reader that is behind, because it is new or slow, reads separately until it reaches the position of the
 * hub, and is then live. Each reader gets the frames after its own position, so that no event is lost or repeated when
 * a reader becomes live.
 */
export function createHub({ head, read, onSent }: HubDeps) {
  const readers = new Set<Reader>();
  const live = new Set<Reader>();
  /** Readers whose last read failed. */
  const retrying = new Set<Reader>();
  let position = head;
  let isReading = false;
  let mustReadAgain = false;

  /** Writes frames. `misaligned` means that the reader already has part of a frame, so that it has to read separately. */
  const writeFrames = (reader: Reader, frames: readonly Frame[]): "written" | "full" | "misaligned" => {
    for (const frame of frames) {
      if (frame.position <= reader.position) continue;
      if (frame.after < reader.position) return "misaligned";
      if (!reader.hasRoom()) return "full";
      reader.write(frame.bytes);
      reader.position = frame.position;
      onSent(frame.events);
    }
    return "written";
  };

  const catchUp = async (reader: Reader): Promise<void> => {
    while (readers.has(reader)) {
      const target = position;
      if (reader.position >= target) {
        live.add(reader);
        return;
      }
      if (!reader.hasRoom()) return;
      const page = await read(reader.position, reader.batchSize).catch(() => undefined);
      if (page === undefined) {
        if (readers.has(reader)) retrying.add(reader);
        return;
      }
      if (!readers.has(reader)) return;
      // Events that do not fit are dropped and read again later: a slow reader must not hold pages in memory.
      const isFull = writeFrames(reader, page.frames) === "full";
      reader.batchSize = isFull ? Math.ceil(reader.batchSize / 4) : Math.min(reader.batchSize * 2, eventsPerRead);
      if (isFull) return;
      // Events between the last page and the target have been deleted.
      if (page.isLast) reader.position = Math.max(reader.position, target);
    }
  };

  const writeToLive = async (frames: readonly Frame[]): Promise<void> => {
    let count = 0;
    for (const reader of [...live]) {
      count += 1;
      if (count % readersPerTick === 0) await nextTurn();
      if (!live.has(reader)) continue;
      const outcome = writeFrames(reader, frames);
      if (outcome !== "written") live.delete(reader);
      if (outcome === "misaligned") void catchUp(reader);
    }
  };

  const readNew = async (): Promise<void> => {
    isReading = true;
    do {
      mustReadAgain = false;
      const page = await read(position, eventsPerRead).catch(() => undefined);
      // A failed read is repeated when the next poll finds that the hub is behind, and calls `wake`.
      if (page === undefined) break;
      // Set before writing: a reader that joins during the writes must start after these frames.
      position = page.frames.at(-1)?.position ?? position;
      await writeToLive(page.frames);
      mustReadAgain ||= !page.isLast;
    } while (mustReadAgain && readers.size > 0);
    isReading = false;
  };

  const wake = () => {
    mustReadAgain = true;
    if (!isReading) void readNew();
  };

  return {
    position: (): number => position,
    readers: (): ReadonlySet<Reader> => readers,
    join(reader: Reader): void {
      readers.add(reader);
      void catchUp(reader);
    },
    leave(reader: Reader): void {
      for (const set of [readers, live, retrying]) set.delete(reader);
    },
    /** Call when the reader's buffer has room again. */
    resume(reader: Reader): void {
      if (!live.has(reader)) void catchUp(reader);
    },
    /** Call when there may be new events. */
    wake,
    /** Call with the owner's latest position in Postgres. */
    syncTo(latest: number): void {
      if (latest > position) wake();
      for (const reader of retrying) {
        retrying.delete(reader);
        void catchUp(reader);
      }
    },
  };
}

export type Hub = ReturnType<typeof createHub>;

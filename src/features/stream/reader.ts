import type { ServerResponse } from "node:http";

/** One client's end of a stream. */
export type Reader = {
  /** All events up to here were written to it. */
  position: number;
  /** How many events are worth reading for it alone while it is behind. */
  appetite: number;
  /** Where it says no, `onRoom` follows as soon as it has. */
  hasRoom(): boolean;
  write(bytes: Buffer): void;
  isIdle(): boolean;
  end(reason: EndReason): void;
};

export type EndReason = "slow" | "signed_out" | "drain" | "rewound";

export type ReaderDeps = {
  response: ServerResponse;
  position: number;
  /** Unsent bytes above which nothing more is written to it. */
  bufferBytes: number;
  /** How long it may take nothing of what waits for it. */
  stallMs: number;
  onRoom(): void;
  end(reason: EndReason): void;
};

const appetiteAtFirst = 20;

export function createReader({ response, position, bufferBytes, stallMs, onRoom, end }: ReaderDeps): Reader {
  let wantsRoom = false;
  const flushed = () => {
    if (!wantsRoom || response.writableLength > bufferBytes / 2) return;
    wantsRoom = false;
    onRoom();
  };
  // Node's timer starts anew where the client took a byte since it was last set, and runs out on an idle stream too.
  response.setTimeout(stallMs, () => {
    if (response.writableLength > 0) end("slow");
  });
  // A write that crosses with the end of its connection is no fault.
  response.on("error", () => undefined);
  return {
    position,
    appetite: appetiteAtFirst,
    hasRoom() {
      wantsRoom = response.writableLength > bufferBytes;
      return !wantsRoom;
    },
    write: (bytes) => void response.write(bytes, flushed),
    isIdle: () => response.writableLength === 0,
    end,
  };
}

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

export const createReader = (deps: ReaderDeps): Reader => new ResponseReader(deps);

const nothing = () => undefined;

/** A class for its cost: an object with functions of its own makes six of them for every stream. */
class ResponseReader implements Reader {
  position: number;
  appetite = appetiteAtFirst;
  readonly #deps: ReaderDeps;
  #wantsRoom = false;

  constructor(deps: ReaderDeps) {
    this.#deps = deps;
    this.position = deps.position;
    const { response, stallMs } = deps;
    // Node's timer starts anew where the client took a byte since it was last set, and runs out on an idle stream too.
    response.setTimeout(stallMs, () => {
      if (response.writableLength > 0) this.end("slow");
    });
    // A write that crosses with the end of its connection is no fault.
    response.on("error", nothing);
  }

  hasRoom(): boolean {
    const { response, bufferBytes } = this.#deps;
    this.#wantsRoom = response.writableLength > bufferBytes;
    return !this.#wantsRoom;
  }

  write(bytes: Buffer): void {
    this.#deps.response.write(bytes, () => this.#flushed());
  }

  isIdle(): boolean {
    return this.#deps.response.writableLength === 0;
  }

  end(reason: EndReason): void {
    this.#deps.end(reason);
  }

  #flushed(): void {
    const { response, bufferBytes, onRoom } = this.#deps;
    if (!this.#wantsRoom || response.writableLength > bufferBytes / 2) return;
    this.#wantsRoom = false;
    onRoom();
  }
}

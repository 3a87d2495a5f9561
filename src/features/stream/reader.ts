import type { ServerResponse } from "node:http";

/** The stream of one client. */
export type Reader = {
  /** All events up to this position have been written. */
  position: number;
  /** The number of events per read while the reader is behind. */
  batchSize: number;
  /** Returns whether the buffer has room. After it has returned false, `onBufferSpace` is called once there is room. */
  hasRoom(): boolean;
  write(bytes: Buffer): void;
  isIdle(): boolean;
  end(reason: EndReason): void;
};

/** `rewound`: a failover has lost events, so their positions belong to other events now. */
export type EndReason = "slow" | "signed_out" | "drain" | "rewound";

export type ReaderDeps = {
  response: ServerResponse;
  position: number;
  /** The maximum number of unsent bytes. */
  bufferBytes: number;
  /** How long the client may read nothing while data waits for it. After this time, the stream ends. */
  stallMs: number;
  onBufferSpace(): void;
  end(reason: EndReason): void;
};

const initialBatchSize = 20;

export const createReader = (deps: ReaderDeps): Reader => new ResponseReader(deps);

const ignore = () => undefined;

/** A class, because an object literal would allocate six functions for each stream. */
class ResponseReader implements Reader {
  position: number;
  batchSize = initialBatchSize;
  readonly #deps: ReaderDeps;
  #awaitsRoom = false;

  constructor(deps: ReaderDeps) {
    this.#deps = deps;
    this.position = deps.position;
    const { response, stallMs } = deps;
    // Node restarts the timer whenever the client accepts data. The timer also fires on idle streams.
    response.setTimeout(stallMs, () => {
      if (response.writableLength > 0) this.end("slow");
    });
    // Writing to a connection that has just closed is not an error.
    response.on("error", ignore);
  }

  hasRoom(): boolean {
    const { response, bufferBytes } = this.#deps;
    this.#awaitsRoom = response.writableLength > bufferBytes;
    return !this.#awaitsRoom;
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
    const { response, bufferBytes, onBufferSpace } = this.#deps;
    if (!this.#awaitsRoom || response.writableLength > bufferBytes / 2) return;
    this.#awaitsRoom = false;
    onBufferSpace();
  }
}

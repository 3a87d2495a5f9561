import { write } from "node:fs";

export type BatchedWriterOptions = {
  fd: number;
  /** Written at once when so much waits, and otherwise when flushed. */
  batchBytes: number;
  /** What comes when so much waits is dropped: a reader that is stuck must not fill the memory. */
  mostBytes: number;
};

const whenBusyMs = 50;

/**
 * Lines to a descriptor, never synchronously, one write at a time. Nobody is told when the reader is gone. Lines become
 * bytes at once: as texts that wait they would keep the garbage collector busy.
 */
export function createBatchedWriter({ fd, batchBytes, mostBytes }: BatchedWriterOptions) {
  const full: Buffer[] = [];
  let filling: Buffer = Buffer.allocUnsafe(batchBytes);
  let spare: Buffer | undefined;
  let filled = 0;
  let waiting = 0;
  let writing = false;
  let droppedLines = 0;
  const drained = new Set<() => void>();

  const startAnother = () => {
    if (filled === 0) return;
    full.push(filling.subarray(0, filled));
    filling = spare ?? Buffer.allocUnsafe(batchBytes);
    spare = undefined;
    filled = 0;
  };

  const begin = () => {
    if (writing || waiting === 0) return;
    if (full.length === 0) startAnother();
    const batch = full.shift() ?? Buffer.alloc(0);
    writing = true;
    waiting -= batch.length;
    push(batch);
  };

  const push = (batch: Buffer) => {
    write(fd, batch, 0, batch.length, (error, written) => {
      if (error?.code === "EAGAIN") setTimeout(push, whenBusyMs, batch).unref();
      else if (error === null && written < batch.length) push(batch.subarray(written));
      else finished(batch);
    });
  };

  const finished = (batch: Buffer) => {
    writing = false;
    // Filled again, the memory of a busy log does not rise until somebody collects it.
    if (batch.buffer.byteLength === batchBytes) spare = Buffer.from(batch.buffer);
    if (waiting > 0) begin();
    else {
      for (const tell of drained) tell();
      drained.clear();
    }
  };

  return {
    write(line: string): void {
      if (waiting > mostBytes) {
        droppedLines += 1;
        return;
      }
      const size = Buffer.byteLength(line);
      if (filled + size > batchBytes) startAnother();
      if (size > batchBytes) full.push(Buffer.from(line));
      else filled += filling.write(line, filled);
      waiting += size;
      if (full.length > 0) begin();
    },
    flush: begin,
    droppedLines: (): number => droppedLines,
    /** Resolves when all that was written so far is out, or after the limit. */
    async drain(limitMs: number): Promise<void> {
      begin();
      if (!writing) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, limitMs);
      drained.add(resolve);
      await promise;
      clearTimeout(timer);
    },
  };
}

import { write } from "node:fs";

export type BatchedWriterOptions = {
  fd: number;
  /** A batch is written when it has this size, or when it is flushed. */
  batchBytes: number;
  /** Above this size further lines are dropped, so that a stuck reader cannot fill the memory. */
  maxQueuedBytes: number;
};

const retryWhenBusyMs = 50;

/**
 * Writes lines to a file descriptor asynchronously, one write at a time. A write error, such as a closed pipe, drops the
 * batch. Lines are encoded at once: queued as strings they would keep the garbage collector busy.
 */
export function createBatchedWriter({ fd, batchBytes, maxQueuedBytes }: BatchedWriterOptions) {
  const fullBatches: Buffer[] = [];
  let current: Buffer = Buffer.allocUnsafe(batchBytes);
  let spare: Buffer | undefined;
  let usedBytes = 0;
  let queuedBytes = 0;
  let writing = false;
  let droppedLines = 0;
  const onDrained = new Set<() => void>();

  const closeBatch = () => {
    if (usedBytes === 0) return;
    fullBatches.push(current.subarray(0, usedBytes));
    current = spare ?? Buffer.allocUnsafe(batchBytes);
    spare = undefined;
    usedBytes = 0;
  };

  const writeNext = () => {
    if (writing || queuedBytes === 0) return;
    if (fullBatches.length === 0) closeBatch();
    const batch = fullBatches.shift() ?? Buffer.alloc(0);
    writing = true;
    queuedBytes -= batch.length;
    writeRest(batch);
  };

  const writeRest = (rest: Buffer) => {
    write(fd, rest, 0, rest.length, (error, written) => {
      if (error?.code === "EAGAIN") setTimeout(writeRest, retryWhenBusyMs, rest).unref();
      else if (error === null && written < rest.length) writeRest(rest.subarray(written));
      else onWritten(rest);
    });
  };

  const onWritten = (rest: Buffer) => {
    writing = false;
    // Reusing the buffer keeps the memory of a busy log from growing between garbage collections. A line longer than a
    // batch has its own buffer, which is not reused.
    if (rest.buffer.byteLength === batchBytes) spare = Buffer.from(rest.buffer);
    if (queuedBytes > 0) writeNext();
    else {
      for (const resolve of onDrained) resolve();
      onDrained.clear();
    }
  };

  return {
    write(line: string): void {
      if (queuedBytes > maxQueuedBytes) {
        droppedLines += 1;
        return;
      }
      const size = Buffer.byteLength(line);
      if (usedBytes + size > batchBytes) closeBatch();
      if (size > batchBytes) fullBatches.push(Buffer.from(line));
      else usedBytes += current.write(line, usedBytes);
      queuedBytes += size;
      if (fullBatches.length > 0) writeNext();
    },
    hasRoom: (): boolean => queuedBytes <= maxQueuedBytes,
    flush: writeNext,
    droppedLines: (): number => droppedLines,
    /** Resolves when all queued lines are written, or after the time limit. */
    async drain(timeoutMs: number): Promise<void> {
      writeNext();
      if (!writing) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, timeoutMs);
      onDrained.add(resolve);
      await promise;
      clearTimeout(timer);
    },
  };
}

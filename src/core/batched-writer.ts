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
 * batch. Each line is encoded to bytes at once, because a queue of strings would keep the garbage collector busy.
 */
export function createBatchedWriter({ fd, batchBytes, maxQueuedBytes }: BatchedWriterOptions) {
  const fullBatches: Buffer[] = [];
  let current: Buffer = Buffer.allocUnsafe(batchBytes);
  let spare: Buffer | undefined;
  let usedBytes = 0;
  let queuedBytes = 0;
  let isWriting = false;
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
    if (isWriting || queuedBytes === 0) return;
    if (fullBatches.length === 0) closeBatch();
    const batch = fullBatches.shift() ?? Buffer.alloc(0);
    isWriting = true;
    queuedBytes -= batch.length;
    writeRemaining(batch);
  };

  const writeRemaining = (remaining: Buffer) => {
    write(fd, remaining, 0, remaining.length, (error, written) => {
      if (error?.code === "EAGAIN") setTimeout(writeRemaining, retryWhenBusyMs, remaining).unref();
      else if (error === null && written < remaining.length) writeRemaining(remaining.subarray(written));
      else onWritten(remaining);
    });
  };

  const onWritten = (remaining: Buffer) => {
    isWriting = false;
    // Reusing the buffer keeps the memory of a busy log from growing between garbage collections. A line longer than a
    // batch has its own buffer, which is not reused.
    if (remaining.buffer.byteLength === batchBytes) spare = Buffer.from(remaining.buffer);
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
      if (!isWriting) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, timeoutMs);
      onDrained.add(resolve);
      await promise;
      clearTimeout(timer);
    },
  };
}

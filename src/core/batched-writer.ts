import { write } from "node:fs";

export type BatchedWriterOptions = {
  fd: number;
  /** Written at once when so much waits, and otherwise when flushed. */
  batchBytes: number;
  /** What comes when so much waits is dropped: a reader that is stuck must not fill the memory. */
  mostBytes: number;
};

const whenBusyMs = 50;

/** Lines to a descriptor, never synchronously, one write at a time. Nobody is told when the reader is gone. */
export function createBatchedWriter({ fd, batchBytes, mostBytes }: BatchedWriterOptions) {
  let lines: string[] = [];
  let waiting = 0;
  let writing = false;
  const drained = new Set<() => void>();

  const begin = () => {
    if (writing || waiting === 0) return;
    writing = true;
    const batch = Buffer.from(lines.join(""));
    lines = [];
    waiting = 0;
    push(batch);
  };

  const push = (batch: Buffer) => {
    write(fd, batch, 0, batch.length, (error, written) => {
      if (error?.code === "EAGAIN") setTimeout(push, whenBusyMs, batch).unref();
      else if (error === null && written < batch.length) push(batch.subarray(written));
      else finished();
    });
  };

  const finished = () => {
    writing = false;
    if (waiting > 0) begin();
    else {
      for (const tell of drained) tell();
      drained.clear();
    }
  };

  return {
    write(line: string): void {
      if (waiting > mostBytes) return;
      lines.push(line);
      waiting += line.length;
      if (waiting >= batchBytes) begin();
    },
    flush: begin,
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

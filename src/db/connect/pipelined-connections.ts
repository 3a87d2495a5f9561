import { performance } from "node:perf_hooks";
import type { QueryResultRow } from "pg";
import type { OpenConnection } from "./open-one.ts";
import { createPipeline, type Pipeline, type PipelinedStatement } from "./pipeline.ts";

export type PipelinedConnectionsOptions = {
  open(): Promise<OpenConnection>;
  maxConnections: number;
  /** The limit of one statement. It is much shorter than in the pool, because later statements wait for it. */
  limitMs: number;
  idleTimeoutMs: number;
  maxLifetimeMs: number;
};

/** No connection is opened for this long after a failed attempt, or after a statement exceeded its limit. */
const pauseMs = 1000;

/**
 * Creates a few connections that short reads share. If a read fails here, and its SQL is not the cause, the read is run
 * again in the pool. Only a failure in the pool counts as a failure of Postgres.
 */
export function createPipelinedConnections(options: PipelinedConnectionsOptions) {
  const { open, maxConnections, limitMs, idleTimeoutMs, maxLifetimeMs } = options;
  const pipelines = new Set<Pipeline>();
  let isOpening = false;
  let pausedUntil = 0;
  let retiredAt = Number.NEGATIVE_INFINITY;
  let isClosing = false;
  let onAllClosed: (() => void) | undefined;

  const total = () => pipelines.size + (isOpening ? 1 : 0);
  const pauseOpening = () => {
    pausedUntil = performance.now() + pauseMs;
  };
  const checkAllClosed = () => {
    if (total() === 0) onAllClosed?.();
  };

  const openAnother = async (): Promise<void> => {
    isOpening = true;
    const startedAt = performance.now();
    try {
      const opened = await open();
      const pipeline: Pipeline = createPipeline(opened, {
        limitMs,
        idleTimeoutMs,
        onTimeout: pauseOpening,
        onClosed() {
          pipelines.delete(pipeline);
          checkAllClosed();
        },
      });
      pipelines.add(pipeline);
      if (isClosing || startedAt <= retiredAt) pipeline.retire();
    } catch {
      pauseOpening();
    } finally {
      isOpening = false;
      checkAllClosed();
    }
  };

  const chooseConnection = (): Pipeline | undefined => {
    const now = performance.now();
    let best: Pipeline | undefined;
    for (const pipeline of pipelines) {
      if (now - pipeline.openedAt > maxLifetimeMs) pipeline.retire();
      else if (pipeline.accepts(now) && (best === undefined || pipeline.inFlight() < best.inFlight())) best = pipeline;
    }
    const isBusy = best === undefined || !best.isIdle();
    if (isBusy && !isOpening && !isClosing && now > pausedUntil && pipelines.size < maxConnections) void openAnother();
    return best;
  };

  return {
    /** Resolves with undefined if no connection could run the statement to its end. */
    async read<Row extends QueryResultRow>(
      statement: PipelinedStatement,
      values: readonly unknown[],
    ): Promise<Row[] | undefined> {
      return chooseConnection()?.read<Row>(statement, values);
    },
    /** Closes each connection once its statements are answered. */
    retire(): void {
      retiredAt = performance.now();
      for (const pipeline of pipelines) pipeline.retire();
    },
    total,
    /** Resolves once every connection is closed. */
    async end(): Promise<void> {
      isClosing = true;
      for (const pipeline of pipelines) pipeline.retire();
      if (total() === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      onAllClosed = resolve;
      await promise;
    },
  };
}

/** Returns how many connections of a process are pipelined: two to four, or none if the pool is small. */
export const pipelinedShareOf = (poolMax: number): number =>
  poolMax < 5 ? 0 : Math.min(4, Math.max(2, Math.floor(poolMax / 4)));

import { performance } from "node:perf_hooks";
import { DatabaseError, type QueryResultRow } from "pg";
import { startTimeout } from "../../core/timing/stall-tolerant-timeout.ts";
import { breaksConnection } from "../driver-errors.ts";
import { endGracefully } from "./connection-pool.ts";
import type { OpenConnection } from "./open-one.ts";

export type PipelinedStatement = { name?: string | undefined; text: string };

export type PipelineOptions = {
  /** The limit for the oldest statement, after which the connection is closed. */
  limitMs: number;
  idleTimeoutMs: number;
  /** Called when the oldest statement exceeded its limit, in Postgres or here. */
  onTimeout(): void;
  onClosed(): void;
};

/** A connection takes no further statement while its oldest one runs for longer than this. */
const slowMs = 50;

/** A connection with this many statements in flight takes no further statement. */
const maxInFlight = 64;

const minWatchMs = 25;

/**
 * A connection on which statements are sent without waiting for the answers to earlier statements. Postgres runs them one
 * after the other, so the time limit of a statement begins when the previous statement is answered.
 */
export function createPipeline({ client, destroy }: OpenConnection, options: PipelineOptions) {
  const { limitMs, idleTimeoutMs, onTimeout, onClosed } = options;
  const openedAt = performance.now();
  let isOpen = true;
  let sent = 0;
  let answered = 0;
  let lastProgressAt = openedAt;
  let isWatched = false;

  const isIdle = () => sent === answered;

  const retire = (): void => {
    if (!isOpen) return;
    isOpen = false;
    endGracefully({ client, destroy });
  };

  /** Closes the connection, so that the statements behind the oldest one can run elsewhere. */
  const giveUp = (): void => {
    if (isOpen) onTimeout();
    isOpen = false;
    destroy();
  };

  const watchOldest = (ms: number): void => {
    const before = answered;
    isWatched = true;
    startTimeout(ms, () => {
      isWatched = false;
      if (isIdle()) return;
      if (answered === before) giveUp();
      else watchOldest(Math.max(minWatchMs, limitMs - (performance.now() - lastProgressAt)));
    });
  };

  const idleTimer = setInterval(() => {
    if (isIdle() && performance.now() - lastProgressAt > idleTimeoutMs) retire();
  }, idleTimeoutMs);

  client.on("error", () => {
    isOpen = false;
  });
  client.once("end", () => {
    isOpen = false;
    clearInterval(idleTimer);
    onClosed();
  });

  return {
    openedAt,
    inFlight: (): number => sent - answered,
    isIdle,
    accepts: (now: number): boolean =>
      isOpen && sent - answered < maxInFlight && (sent === answered || now - lastProgressAt < slowMs),

    /** Resolves with undefined if the statement has not ended here and has to run on another connection. */
    read<Row extends QueryResultRow>(
      { name, text }: PipelinedStatement,
      values: readonly unknown[],
    ): Promise<Row[] | undefined> {
      if (sent === answered) lastProgressAt = performance.now();
      sent += 1;
      if (!isWatched) watchOldest(limitMs);
      return new Promise((resolve, reject) => {
        const statement = { ...(name !== undefined && { name }), text, values: values as unknown[] };
        client.query<Row>(statement, (error: Error | undefined | null, result) => {
          answered += 1;
          lastProgressAt = performance.now();
          if (!error) resolve(result.rows);
          else if (mayRunInPool(error)) {
            if (isTimeout(error)) giveUp();
            resolve(undefined);
          } else reject(error);
        });
      });
    },
    retire,
  };
}

export type Pipeline = ReturnType<typeof createPipeline>;

const isTimeout = (error: Error): boolean => error instanceof DatabaseError && error.code === "57014";

/** An earlier statement on the connection failed before it had prepared the named statement. */
const isUnprepared = (error: Error): boolean => error instanceof DatabaseError && error.code === "26000";

/** Whether the statement may succeed in the pool: the connection failed, or the limit of this connection has passed. */
const mayRunInPool = (error: Error): boolean =>
  !(error instanceof DatabaseError) || breaksConnection(error) || isTimeout(error) || isUnprepared(error);

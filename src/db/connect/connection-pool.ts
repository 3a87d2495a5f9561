import { performance } from "node:perf_hooks";
import type pg from "pg";
import type { OpenConnection } from "./open-one.ts";

export type ConnectionPoolOptions = {
  open(): Promise<OpenConnection>;
  idleTimeoutMs: number;
  maxLifetimeMs: number;
};

/** The time limit for closing a connection gracefully. */
const closeLimitMs = 2000;

export function endGracefully({ client, destroy }: Pick<OpenConnection, "client" | "destroy">): void {
  const timer = setTimeout(destroy, closeLimitMs).unref();
  client.once("end", () => clearTimeout(timer));
  client.end().catch(() => undefined);
}

export type Lease = {
  client: pg.Client;
  limitQueries: OpenConnection["limitQueries"];
  /** Returns the connection to the pool, or closes it if it is broken. */
  release(isBroken?: boolean): void;
};

/** Keeps connections for reuse. The caller limits how many are in use at the same time. */
export function createConnectionPool({ open, idleTimeoutMs, maxLifetimeMs }: ConnectionPoolOptions) {
  type Pooled = OpenConnection & { openedAt: number; idleTimer: NodeJS.Timeout | undefined; isLost: boolean };
  const idle: Pooled[] = [];
  let total = 0;
  let isClosing = false;
  let retiredAt = Number.NEGATIVE_INFINITY;
  const closed = Promise.withResolvers<void>();

  const forget = (pooled: Pooled) => {
    clearTimeout(pooled.idleTimer);
    const index = idle.indexOf(pooled);
    if (index !== -1) idle.splice(index, 1);
  };
  const onGone = () => {
    total -= 1;
    if (isClosing && total === 0) closed.resolve();
  };
  const close = (pooled: Pooled, isBroken: boolean) => {
    forget(pooled);
    if (isBroken || pooled.isLost) pooled.destroy();
    else endGracefully(pooled);
  };

  const connect = async (): Promise<Pooled> => {
    total += 1;
    const openedAt = performance.now();
    let opened: OpenConnection;
    try {
      opened = await open();
    } catch (error) {
      onGone();
      throw error;
    }
    const pooled: Pooled = { ...opened, openedAt, idleTimer: undefined, isLost: false };
    const onLost = () => {
      pooled.isLost = true;
      forget(pooled);
    };
    pooled.client.on("error", onLost);
    pooled.client.on("end", onLost);
    pooled.client.once("end", onGone);
    return pooled;
  };

  const lend = (pooled: Pooled): Lease => {
    clearTimeout(pooled.idleTimer);
    let isReleased = false;
    return {
      client: pooled.client,
      limitQueries: pooled.limitQueries,
      release(isBroken = false) {
        if (isReleased) throw new Error("The connection was released twice.");
        isReleased = true;
        const isOld = performance.now() - pooled.openedAt > maxLifetimeMs || pooled.openedAt <= retiredAt;
        const isUnusable = isBroken || pooled.isCancelled();
        if (isUnusable || pooled.isLost || isOld || isClosing) return close(pooled, isUnusable);
        pooled.idleTimer = setTimeout(() => close(pooled, false), idleTimeoutMs);
        idle.push(pooled);
      },
    };
  };

  return {
    async acquire(): Promise<Lease> {
      // Takes the most recently used connection, so that the other connections reach their idle time-out.
      const pooled = idle.pop();
      return lend(pooled ?? (await connect()));
    },
    /** Closes idle connections now, and each connection in use when it is released. */
    retire(): void {
      retiredAt = performance.now();
      for (const pooled of [...idle]) close(pooled, false);
    },
    counts: () => ({ total, idle: idle.length }),
    /** Closes idle connections now, and each connection in use when it is released. Resolves when all are closed. */
    async end(): Promise<void> {
      isClosing = true;
      for (const pooled of [...idle]) close(pooled, false);
      if (total > 0) await closed.promise;
    },
  };
}

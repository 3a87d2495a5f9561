import pg, { type QueryResultRow } from "pg";
import { CheckFailed } from "../core/errors/failure-reason.ts";
import type { Connector } from "./connect/connector.ts";
import type { OpenConnection } from "./connect/open-one.ts";
import { breaksConnection } from "./driver-errors.ts";

export type CheckQuery = <Row extends QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>;

export type CheckConnectionDeps = { connector: Connector; applicationName: string; statementTimeoutMs: number };

/**
 * Shorter than the `deadlock_timeout` of Postgres. In a deadlock with a migration, the check gives up before Postgres
 * could end the migration.
 */
const maxLockTimeoutMs = 500;

/**
 * Creates a connection outside the pool that only health checks use, so that they pass while the pool is full or queries of
 * the application are slow. It runs one task at a time, and destroys its socket when a task fails or is aborted.
 */
export function createCheckConnection({ connector, applicationName, statementTimeoutMs }: CheckConnectionDeps) {
  let open: OpenConnection | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const closed = new AbortController();

  const drop = () => {
    open?.destroy();
    open = undefined;
  };

  const connect = async (signal: AbortSignal): Promise<OpenConnection> => {
    // A check of a locked table fails within a quarter of the limit, so that it does not delay the next check.
    const lockTimeoutMs = Math.min(maxLockTimeoutMs, Math.ceil(statementTimeoutMs / 4));
    const settings = { applicationName, statementTimeoutMs, lockTimeoutMs };
    const opened = await connector.open(settings, AbortSignal.any([signal, closed.signal]));
    const forget = () => {
      if (open === opened) open = undefined;
    };
    opened.client.on("error", forget);
    opened.client.on("end", forget);
    open = opened;
    return opened;
  };

  const run = async <T>(work: (query: CheckQuery) => Promise<T>, signal: AbortSignal): Promise<T> => {
    // A task that was aborted in the queue has not used the connection, so the connection stays open.
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const onAbort = () => {
      const isWaiting = open === undefined && connector.isWaitingForPassword();
      drop();
      aborted.reject(isWaiting ? new CheckFailed("credentials", { cause: signal.reason }) : signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    const attempt = async (): Promise<T> => {
      const { client } = open ?? (await connect(signal));
      return work(async (text, values) => (await client.query(text, values)).rows);
    };
    try {
      return await Promise.race([aborted.promise, attempt()]);
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || breaksConnection(error)) drop();
      throw error;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  };

  return {
    use<T>(work: (query: CheckQuery) => Promise<T>, signal: AbortSignal): Promise<T> {
      const result = last.then(() => run(work, signal));
      last = result.catch(() => undefined);
      return result;
    },
    drop,
    close(): void {
      closed.abort();
      drop();
    },
  };
}

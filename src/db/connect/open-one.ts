import type { Duplex } from "node:stream";
import type { ConnectionOptions } from "node:tls";
import pg from "pg";
import type { PostgresAddress, PostgresHost } from "../../config/postgres-url.ts";
import { certificateExpiry } from "../../core/network/peer-certificate.ts";
import { startTimeout, withTimeout } from "../../core/timing/stall-tolerant-timeout.ts";
import { requestCancel } from "./cancel-request.ts";
import { requireChannelBinding } from "./channel-binding.ts";
import { limitEachTransaction } from "./limit-each-transaction.ts";
import { type Pooler, queryLimitMs, type SessionSettings, sessionOptions } from "./session-settings.ts";
import { socketTo } from "./socket-to.ts";

export type OpenConnection = {
  client: pg.Client;
  /**
   * Closes the connection without a message to the server. After a query has timed out, this first waits until the
   * request to cancel it has been sent: a pooler cannot cancel the query of a client that has disconnected.
   */
  destroy(): void;
  /** When the certificate of the server expires; undefined without TLS. */
  certificateExpiry: number | undefined;
  /**
   * Limits each of the next statements. With a limit that is shorter than that of the connection, Postgres is requested to
   * cancel a statement shortly before the limit.
   */
  limitQueries(limitMs: number): void;
  /**
   * Returns whether a cancel request was sent. It may arrive late and end a later statement, so the connection must not be
   * used again.
   */
  isCancelled(): boolean;
};

export type Attempt = { address: PostgresAddress; host: PostgresHost; tls: ConnectionOptions | false };

/** Opens a connection to one host, with or without TLS, in a single attempt. */
export async function openOne(
  { address, host, tls }: Attempt,
  settings: SessionSettings,
  pooler: Pooler,
  limitMs: number,
  signal: AbortSignal | undefined,
): Promise<OpenConnection> {
  const socket = socketTo(host);
  const client = new pg.Client({
    ...sessionOptions(settings, pooler),
    ...(address.applicationName !== undefined && { application_name: address.applicationName }),
    host: host.host,
    port: host.port,
    user: address.user,
    password: address.password,
    database: address.database,
    options: address.options,
    // If this option were undefined, the driver would read PGSSLMODE.
    ssl: tls,
    ...(tls !== false && address.sslDirect && { sslnegotiation: "direct" as const }),
    enableChannelBinding: address.channelBinding,
    stream: () => socket,
  });
  // Without a listener, an error of an idle connection would end the process.
  client.on("error", () => undefined);
  endOnUnknownMessages(client);
  if (address.channelBinding) requireChannelBinding(client);
  if (pooler === "transaction") limitEachTransaction(client, settings);
  let cancelling: Promise<void> | undefined;
  const destroy = () => {
    if (cancelling === undefined) socket.destroy();
    else void cancelling.then(() => socket.destroy());
  };
  const cancel = () => {
    cancelling ??= requestCancel({ host, tls, sslDirect: address.sslDirect }, client);
  };
  signal?.addEventListener("abort", destroy, { once: true });
  const limit = startTimeout(limitMs, () => socket.destroy(timedOut()));
  try {
    await client.connect();
  } catch (error) {
    socket.destroy();
    throw signal?.aborted === true ? signal.reason : error;
  } finally {
    limit.cancel();
    signal?.removeEventListener("abort", destroy);
  }
  if (settings.pipelined === true) joinWrites(client);
  const maxMs = queryLimitMs(settings);
  const limits = { serverMs: settings.statementTimeoutMs, currentMs: maxMs };
  if (settings.callerLimitsQueries !== true) limitEachQuery(client, limits, cancel);
  return {
    client,
    destroy,
    certificateExpiry: certificateExpiry(client.connection.stream),
    limitQueries(limitMs) {
      limits.currentMs = Math.min(limitMs, maxMs);
    },
    isCancelled: () => cancelling !== undefined,
  };
}

/**
 * Ends the connection when the driver receives a message that it does not know. The driver throws in the handler of the
 * socket, where the exception would end the process.
 */
function endOnUnknownMessages({ connection }: pg.Client): void {
  const attach: (stream: Duplex) => void = Reflect.get(connection, "attachListeners").bind(connection);
  Reflect.set(connection, "attachListeners", (stream: Duplex) => {
    const earlierListeners = new Set(stream.listeners("data"));
    attach(stream);
    for (const listener of stream.listeners("data").filter((candidate) => !earlierListeners.has(candidate))) {
      stream.off("data", listener as () => void);
      stream.on("data", (chunk: Buffer) => {
        try {
          listener.call(stream, chunk);
        } catch (error) {
          stream.destroy(error instanceof Error ? error : undefined);
        }
      });
    }
  });
}

export const timedOut = () => new Error("Postgres timed out.");

/**
 * Joins the statements of one turn of the event loop into one write, because a system call costs more than a statement.
 */
function joinWrites(client: pg.Client): void {
  const { stream } = client.connection;
  const query: (...args: unknown[]) => unknown = client.query.bind(client);
  let isCorked = false;
  const send = () => {
    isCorked = false;
    stream.uncork();
  };
  Reflect.set(client, "query", (statement: pg.QueryConfig, values?: unknown) => {
    if (!isCorked) {
      isCorked = true;
      stream.cork();
      setImmediate(send);
    }
    return query(statement, values);
  });
}

/** With a shortened limit, Postgres is requested to cancel after this share of it, so that the answer arrives in time. */
const cancelShare = 0.9;

/**
 * A limit counts as shortened if it is less than this multiple of the limit in Postgres. With a longer limit, Postgres
 * cancels the statement in time without a request.
 */
const minShareOfServerLimit = 1.05;

/**
 * Limits each query, because the driver's own limits would also count a blocked event loop. A time-out ends the query in
 * Postgres; the caller has to close the connection.
 */
function limitEachQuery(
  client: pg.Client,
  limits: Readonly<{ serverMs: number; currentMs: number }>,
  cancel: () => void,
): void {
  const query = client.query.bind(client);
  const onTimeout = () => {
    cancel();
    return timedOut();
  };
  Reflect.set(client, "query", (statement: pg.QueryConfig, values?: unknown[]) => {
    const { serverMs, currentMs } = limits;
    const running = query(statement, values);
    // Postgres applies the limit of the connection to each statement, so a shorter limit has to be enforced here.
    const isShortened = currentMs < serverMs * minShareOfServerLimit;
    const limited = isShortened ? cancelAfter(currentMs * cancelShare, running, cancel) : running;
    return withTimeout(currentMs, limited, onTimeout);
  });
}

/**
 * Requests Postgres to cancel a query after a time. A cancelled commit that waits for a standby succeeds without the
 * confirmation of the standby, so a result after the request is rejected.
 */
async function cancelAfter<T>(limitMs: number, running: Promise<T>, cancel: () => void): Promise<T> {
  let isCancelled = false;
  const limit = startTimeout(limitMs, () => {
    isCancelled = true;
    cancel();
  });
  try {
    const result = await running;
    if (isCancelled) throw timedOut();
    return result;
  } finally {
    limit.cancel();
  }
}

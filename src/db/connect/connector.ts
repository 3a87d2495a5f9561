import { lookup } from "node:dns/promises";
import { isIP, Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import pg from "pg";
import { type PostgresAddress, type PostgresHost, readPostgresUrl } from "../../config/postgres-url.ts";
import { rereadSecret } from "../../config/secret-files.ts";
import { createTlsReader, type TlsFiles } from "../../config/tls-files.ts";
import { startTimeout, withTimeout } from "../../core/stall-tolerant-timeout.ts";
import { queryLimitMs, type SessionSettings, sessionOptions } from "./session-settings.ts";
import { isSuitable, NoSuitableServer } from "./target-session.ts";
import { tlsAttempts } from "./tls-options.ts";

/** Where Postgres is. What has a file is read from it again for each new connection. */
export type PostgresSource = TlsFiles & {
  url: string;
  urlFile?: string | undefined;
  /** The limit of each attempt to connect. */
  connectTimeoutMs: number;
};

export type OpenConnection = {
  client: pg.Client;
  /** Closes the connection at once, without a farewell. */
  destroy(): void;
};

/** A host that failed is tried after the others for this long. */
const avoidMs = 5000;

/**
 * Opens every connection to Postgres: those of the pool, of the checks, of `migrate` and of the account commands. Hosts
 * are tried in their order until one accepts the connection and is what `target_session_attrs` asks for.
 */
export function createConnector(source: PostgresSource) {
  const url = rereadSecret(source.url, source.urlFile);
  const failedAt = new Map<string, number>();
  const readFiles = lastTlsReader();

  const attemptsAt = async (address: PostgresAddress): Promise<Attempt[]> => {
    const { ca, cert, key } = address.sslFiles;
    const files = readFiles({
      caFile: source.caFile ?? (ca === "system" ? undefined : ca),
      certFile: source.certFile ?? cert,
      keyFile: source.keyFile ?? key,
    });
    const places = (await Promise.all(inOrder(address).map((host) => addressesOf(host, address, source)))).flat();
    const now = performance.now();
    const isAvoided = ({ host }: Attempt) => now - (failedAt.get(keyOf(host)) ?? Number.NEGATIVE_INFINITY) < avoidMs;
    const all = places.flatMap((host) => tlsAttempts(address, files).map((tls) => ({ address, host, tls })));
    return [...all.filter((attempt) => !isAvoided(attempt)), ...all.filter(isAvoided)];
  };

  const openAt = async (address: PostgresAddress, settings: SessionSettings, signal: AbortSignal | undefined) => {
    const errors: unknown[] = [];
    const all = await attemptsAt(address);
    const passes = address.targetSession === "prefer-standby" ? (["standby", "any"] as const) : [address.targetSession];
    for (const wanted of passes) {
      for (const attempt of all) {
        signal?.throwIfAborted();
        try {
          const opened = await openOne(attempt, settings, limitOf(attempt, all.length, source), signal);
          if (await isSuitable(opened.client, wanted)) {
            failedAt.delete(keyOf(attempt.host));
            return opened;
          }
          opened.destroy();
          errors.push(new NoSuitableServer(wanted));
        } catch (error) {
          if (isFinal(error)) throw error;
          errors.push(error);
        }
        failedAt.set(keyOf(attempt.host), performance.now());
      }
    }
    throw mostTelling(errors);
  };

  let lastGood: string | undefined;
  return {
    async open(settings: SessionSettings, signal?: AbortSignal): Promise<OpenConnection> {
      const current = url() ?? source.url;
      try {
        const opened = await openAt(readPostgresUrl(current), settings, signal);
        lastGood = current;
        return opened;
      } catch (error) {
        // The file of a rotated password may be new before the server knows the new password.
        if (lastGood === undefined || lastGood === current || !isRejectedPassword(error)) throw error;
        return openAt(readPostgresUrl(lastGood), settings, signal);
      }
    },
  };
}

export type Connector = ReturnType<typeof createConnector>;

type Attempt = { address: PostgresAddress; host: PostgresHost; tls: ConnectionOptions | false };

const keyOf = ({ host, address, port }: PostgresHost): string => `${address ?? host}:${port}`;

function lastTlsReader() {
  let names = "";
  let read = createTlsReader({});
  return (files: TlsFiles) => {
    const next = JSON.stringify(files);
    if (next !== names) read = createTlsReader(files);
    names = next;
    return read();
  };
}

function inOrder({ hosts, randomOrder }: PostgresAddress): readonly PostgresHost[] {
  if (!randomOrder) return hosts;
  return hosts
    .map((host) => ({ host, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ host }) => host);
}

/** A name may stand for several servers. Where it matters which one answers, each of them is tried. */
async function addressesOf(
  host: PostgresHost,
  { targetSession }: PostgresAddress,
  { connectTimeoutMs }: PostgresSource,
): Promise<PostgresHost[]> {
  const name = host.host;
  if (name === undefined || host.address !== undefined || targetSession === "any" || name.startsWith("/") || isIP(name))
    return [host];
  const found = await withTimeout(connectTimeoutMs, lookup(name, { all: true }), timedOut).catch(() => []);
  // Without an address the connection fails with the error of the lookup.
  return found.length === 0 ? [host] : found.map(({ address }) => ({ ...host, address }));
}

/** With several hosts, each has its share of the time, so that a host that is silent does not use all of it. */
const limitOf = ({ address }: Attempt, count: number, { connectTimeoutMs }: PostgresSource): number =>
  address.connectTimeoutMs ?? Math.max(minAttemptMs, Math.floor(connectTimeoutMs / count));

const minAttemptMs = 200;

async function openOne(
  { address, host, tls }: Attempt,
  settings: SessionSettings,
  limitMs: number,
  signal: AbortSignal | undefined,
): Promise<OpenConnection> {
  const socket = new Socket();
  if (host.address !== undefined) connectTo(socket, host.address);
  const client = new pg.Client({
    ...sessionOptions(settings),
    ...(address.applicationName !== undefined && { application_name: address.applicationName }),
    host: host.host,
    port: host.port,
    user: address.user,
    password: address.password,
    database: address.database,
    options: address.options,
    // The driver would read PGSSLMODE if it were undefined.
    ssl: tls,
    ...(tls !== false && address.sslDirect && { sslnegotiation: "direct" as const }),
    enableChannelBinding: address.channelBinding,
    stream: () => socket,
  });
  // Without a listener, an error of an idle connection would end the process.
  client.on("error", () => undefined);
  const destroy = () => void socket.destroy();
  signal?.addEventListener("abort", destroy, { once: true });
  const limit = startTimeout(limitMs, () => socket.destroy(timedOut()));
  try {
    await client.connect();
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    limit.cancel();
    signal?.removeEventListener("abort", destroy);
  }
  limitQueries(client, queryLimitMs(settings));
  return { client, destroy };
}

const timedOut = () => new Error("Postgres timed out.");

/**
 * The time limits of the driver would count a late event loop. After a query that timed out, the connection has to be
 * closed.
 */
function limitQueries(client: pg.Client, limitMs: number): void {
  const query = client.query.bind(client);
  Reflect.set(client, "query", (statement: pg.QueryConfig, values?: unknown[]) =>
    withTimeout(limitMs, query(statement, values), timedOut),
  );
}

/** The driver connects to a port and a host. The host stays the name that a certificate is verified for. */
function connectTo(socket: Socket, address: string): void {
  const connect = socket.connect.bind(socket);
  Reflect.set(socket, "connect", (port: number) => connect(port, address));
}

/** As in libpq: another host is not tried after a server has rejected the user, the password or the database. */
function isFinal(error: unknown): boolean {
  return error instanceof pg.DatabaseError && !/^(?:57P0|53|08)/.test(error.code ?? "");
}

const isRejectedPassword = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && (error.code === "28P01" || error.code === "28000");

/** The error that says most about what to fix: of a server, then of the kind of server, then of the network. */
function mostTelling(errors: readonly unknown[]): unknown {
  return (
    errors.find((error) => error instanceof pg.DatabaseError) ??
    errors.find((error) => error instanceof NoSuitableServer) ??
    errors[0]
  );
}

import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import pg from "pg";
import { type PostgresAddress, type PostgresHost, readPostgresUrl } from "../../config/postgres-url.ts";
import { rereadSecret } from "../../config/secret-files.ts";
import { createTlsReader, type TlsFiles } from "../../config/tls-files.ts";
import {
  createPasswordCommand,
  type PasswordCommand,
  type PasswordCommandOptions,
} from "../../core/password-command.ts";
import { withTimeout } from "../../core/stall-tolerant-timeout.ts";
import { type Attempt, type OpenConnection, openOne, timedOut } from "./open-one.ts";
import type { Pooler, SessionSettings } from "./session-settings.ts";
import { isSuitable, NoSuitableServer } from "./target-session.ts";
import { tlsAttempts } from "./tls-options.ts";

/** The address of Postgres. A value from a file is re-read for each new connection. */
export type PostgresSource = TlsFiles & {
  url: string;
  urlFile?: string | undefined;
  passwordCommand?: PasswordCommandOptions | undefined;
  /** A pooler between this process and Postgres. */
  pooler?: Pooler | undefined;
  /** The limit of each attempt to connect. */
  connectTimeoutMs: number;
};

/** `watch` is called for each attempt to open a connection, `onOpened` for each connection. */
export type ConnectorHooks = {
  watch?: (<T>(connect: () => Promise<T>) => Promise<T>) | undefined;
  onOpened?: ((opened: OpenConnection) => void) | undefined;
};

const run = <T>(connect: () => Promise<T>): Promise<T> => connect();

/** A host that failed is tried after the others for this long. */
const avoidMs = 5000;

/**
 * Opens every connection to Postgres: those of the pool, of the checks, of `migrate` and of the account commands. Hosts
 * are tried in their order until one accepts the connection and is what `target_session_attrs` asks for.
 */
export function createConnector(source: PostgresSource, { watch = run, onOpened }: ConnectorHooks = {}) {
  const url = rereadSecret(source.url, source.urlFile);
  const command = source.passwordCommand && createPasswordCommand(source.passwordCommand);
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
          const opened = await openOne(
            attempt,
            settings,
            source.pooler ?? "none",
            limitOf(attempt, all.length, source),
            signal,
          );
          if (await isSuitable(opened.client, wanted)) {
            failedAt.delete(keyOf(attempt.host));
            onOpened?.(opened);
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
  const openCurrent = async (settings: SessionSettings, signal: AbortSignal | undefined): Promise<OpenConnection> => {
    const current = url() ?? source.url;
    if (command !== undefined) return openWithCommand(command, readPostgresUrl(current), settings, signal);
    try {
      const opened = await openAt(readPostgresUrl(current), settings, signal);
      lastGood = current;
      return opened;
    } catch (error) {
      // The file of a rotated password may be new before the server knows the new password.
      if (lastGood === undefined || lastGood === current || !isRejectedPassword(error)) throw error;
      return openAt(readPostgresUrl(lastGood), settings, signal);
    }
  };

  const openWithCommand = async (
    passwords: PasswordCommand,
    address: PostgresAddress,
    settings: SessionSettings,
    signal: AbortSignal | undefined,
  ): Promise<OpenConnection> => {
    const known = passwords.last();
    const password = await passwords.fresh();
    return openAt({ ...address, password }, settings, signal).catch(async (error: unknown) => {
      if (!isRejectedPassword(error)) throw error;
      passwords.invalidate();
      // A password that is new was rejected for another reason than its age.
      if (password !== known) throw error;
      return openAt({ ...address, password: await passwords.fresh() }, settings, signal);
    });
  };

  return {
    open: (settings: SessionSettings, signal?: AbortSignal): Promise<OpenConnection> =>
      watch(() => openCurrent(settings, signal)),
  };
}

export type Connector = ReturnType<typeof createConnector>;

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

/** A name may resolve to several servers. If their kind matters, each of them is tried. */
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

/** As in libpq: another host is not tried after a server has rejected the user, the password or the database. */
function isFinal(error: unknown): boolean {
  return error instanceof pg.DatabaseError && !/^(?:57P0|53|08)/.test(error.code ?? "");
}

const isRejectedPassword = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && (error.code === "28P01" || error.code === "28000");

/** The most informative error: of a server, then of the kind of server, then of the network. */
function mostTelling(errors: readonly unknown[]): unknown {
  return (
    errors.find((error) => error instanceof pg.DatabaseError) ??
    errors.find((error) => error instanceof NoSuitableServer) ??
    errors[0]
  );
}

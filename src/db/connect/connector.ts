import { isIP } from "node:net";
import pg from "pg";
import { rereadSecret } from "../../config/files/secret-files.ts";
import { createTlsReader, type TlsFiles } from "../../config/files/tls-files.ts";
import {
  type PostgresAddress,
  type PostgresHost,
  PostgresUrlError,
  readPostgresUrl,
} from "../../config/postgres-url.ts";
import {
  createPasswordCommand,
  type PasswordCommand,
  type PasswordCommandOptions,
} from "../../core/password-command.ts";
import { withTimeout } from "../../core/timing/stall-tolerant-timeout.ts";
import { type Attempt, type OpenConnection, openOne, timedOut } from "./open-one.ts";
import { type Pooler, queryLimitMs, type SessionSettings } from "./session-settings.ts";
import { postgresNames } from "./socket-to.ts";
import { isSuitable, NoSuitableServer } from "./target-session.ts";
import { tlsAttempts } from "./tls-options.ts";

/** The address of Postgres. A value from a file is re-read for each new connection. */
export type PostgresSource = TlsFiles & {
  url: string;
  urlFile?: string | undefined;
  passwordCommand?: PasswordCommandOptions | undefined;
  /** The mode of a connection pooler in front of Postgres. */
  pooler?: Pooler | undefined;
  /** The limit of each attempt to connect. */
  connectTimeoutMs: number;
};

/** `watch` wraps each attempt to open a connection; `onOpened` is called with each open connection. */
export type ConnectorHooks = {
  watch?: (<T>(connect: () => Promise<T>) => Promise<T>) | undefined;
  onOpened?: ((opened: OpenConnection) => void) | undefined;
};

const runUnwatched = <T>(connect: () => Promise<T>): Promise<T> => connect();

/** How long a host that failed is tried only after the other hosts. */
const avoidMs = 5000;

/**
 * Opens every connection to Postgres: those of the pool, of the checks, of `migrate` and of the account commands. Hosts
 * are tried in their order until one accepts the connection and is of the kind that `target_session_attrs` requires.
 */
export function createConnector(source: PostgresSource, { watch = runUnwatched, onOpened }: ConnectorHooks = {}) {
  const url = rereadSecret(source.url, source.urlFile);
  const command = source.passwordCommand && createPasswordCommand(source.passwordCommand);
  const failedAt = new Map<string, number>();
  const readFiles = createTlsFilesReader();

  const attemptsAt = async (address: PostgresAddress): Promise<Attempt[]> => {
    const { ca, cert, key } = address.sslFiles;
    const files = readFiles({
      caFile: source.caFile ?? (ca === "system" ? undefined : ca),
      certFile: source.certFile ?? cert,
      keyFile: source.keyFile ?? key,
    });
    const hosts = (await Promise.all(orderHosts(address).map((host) => addressesOf(host, address, source)))).flat();
    const now = performance.now();
    const isAvoided = ({ host }: Attempt) => now - (failedAt.get(keyOf(host)) ?? Number.NEGATIVE_INFINITY) < avoidMs;
    const attempts = hosts.flatMap((host) => tlsAttempts(address, files).map((tls) => ({ address, host, tls })));
    return [...attempts.filter((attempt) => !isAvoided(attempt)), ...attempts.filter(isAvoided)];
  };

  const openAt = async (address: PostgresAddress, settings: SessionSettings, signal: AbortSignal | undefined) => {
    const errors: unknown[] = [];
    const attempts = await attemptsAt(address);
    const passes = address.targetSession === "prefer-standby" ? (["standby", "any"] as const) : [address.targetSession];
    for (const targetSession of passes) {
      for (const attempt of attempts) {
        signal?.throwIfAborted();
        try {
          const opened = await openOne(
            attempt,
            settings,
            source.pooler ?? "none",
            limitOf(attempt, attempts.length, source),
            signal,
          );
          const suitable = isSuitable(opened.client, targetSession);
          if (await withTimeout(queryLimitMs(settings), suitable, timedOut).catch(destroyAndRethrow(opened))) {
            failedAt.delete(keyOf(attempt.host));
            onOpened?.(opened);
            return opened;
          }
          opened.destroy();
          errors.push(new NoSuitableServer(targetSession));
        } catch (error) {
          if (isFinal(error) && !(isNotAdmitted(error) && hasOtherTls(attempt, attempts))) throw error;
          errors.push(error);
        }
        failedAt.set(keyOf(attempt.host), performance.now());
      }
    }
    throw mostInformative(errors);
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
      // A file may contain a rotated password before the server accepts it, or half a URL while it is written, so the last
      // accepted address is used.
      if (lastGood === undefined || lastGood === current || !isFaultOfUrl(error)) throw error;
      return openAt(readPostgresUrl(lastGood), settings, signal);
    }
  };

  const openWithCommand = async (
    passwords: PasswordCommand,
    address: PostgresAddress,
    settings: SessionSettings,
    signal: AbortSignal | undefined,
  ): Promise<OpenConnection> => {
    const lastPassword = passwords.last();
    const password = await passwords.fresh();
    return openAt({ ...address, password }, settings, signal).catch(async (error: unknown) => {
      if (!isRejectedPassword(error)) throw error;
      passwords.invalidate();
      // The password is new, so the rejection has another cause than an outdated password.
      if (password !== lastPassword) throw error;
      return openAt({ ...address, password: await passwords.fresh() }, settings, signal);
    });
  };

  return {
    open: (settings: SessionSettings, signal?: AbortSignal): Promise<OpenConnection> =>
      watch(() => openCurrent(settings, signal)),
    /** Returns whether new connections wait for the program that prints the password. */
    isWaitingForPassword: (): boolean => command?.isRunning() === true,
  };
}

export type Connector = ReturnType<typeof createConnector>;

const keyOf = ({ host, address, port }: PostgresHost): string => `${address ?? host}:${port}`;

function createTlsFilesReader() {
  let previousNames = "";
  let read = createTlsReader({});
  return (files: TlsFiles) => {
    const names = JSON.stringify(files);
    if (names !== previousNames) read = createTlsReader(files);
    previousNames = names;
    return read();
  };
}

function orderHosts({ hosts, randomOrder }: PostgresAddress): readonly PostgresHost[] {
  if (!randomOrder) return hosts;
  return hosts
    .map((host) => ({ host, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ host }) => host);
}

/** Returns a host for each address of the name if `target_session_attrs` restricts the kind of server. */
async function addressesOf(
  host: PostgresHost,
  { targetSession }: PostgresAddress,
  { connectTimeoutMs }: PostgresSource,
): Promise<PostgresHost[]> {
  const name = host.host;
  if (name === undefined || host.address !== undefined || targetSession === "any" || name.startsWith("/") || isIP(name))
    return [host];
  const lookedUp = await withTimeout(connectTimeoutMs, postgresNames.addressesOf(name), timedOut).catch(() => []);
  // If the look-up finds no address, the driver repeats it and fails with its error.
  return lookedUp.length === 0 ? [host] : lookedUp.map(({ address }) => ({ ...host, address }));
}

/** Divides the time limit among the hosts, so that a silent host does not use all of it. */
const limitOf = ({ address }: Attempt, count: number, { connectTimeoutMs }: PostgresSource): number =>
  address.connectTimeoutMs ?? Math.max(minAttemptMs, Math.floor(connectTimeoutMs / count));

const minAttemptMs = 200;

const destroyAndRethrow =
  ({ destroy }: OpenConnection) =>
  (error: unknown): never => {
    destroy();
    throw error;
  };

/**
 * As in libpq, no other host is tried after a server has rejected the user, the password or the database. A reply without a
 * code comes from a program that is not Postgres.
 */
function isFinal(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code !== undefined && !/^(?:57P0|53|08)/.test(error.code);
}

/** pg_hba.conf may admit a user only with TLS, or only without TLS. The modes `allow` and `prefer` then try both. */
const isNotAdmitted = (error: unknown): boolean => error instanceof pg.DatabaseError && error.code === "28000";

const hasOtherTls = (attempt: Attempt, all: readonly Attempt[]): boolean =>
  all
    .slice(all.indexOf(attempt) + 1)
    .some(({ host, tls }) => host === attempt.host && (tls === false) !== (attempt.tls === false));

const isRejectedPassword = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && (error.code === "28P01" || error.code === "28000");

const isFaultOfUrl = (error: unknown): boolean => error instanceof PostgresUrlError || isRejectedPassword(error);

/** Returns the most informative error: a server's reply, then an unsuitable server, then a network error. */
function mostInformative(errors: readonly unknown[]): unknown {
  return (
    errors.find((error) => error instanceof pg.DatabaseError) ??
    errors.find((error) => error instanceof NoSuitableServer) ??
    errors[0]
  );
}

import { readFileSync } from "node:fs";
import type SMTPConnection from "nodemailer/lib/smtp-connection";
import { rereadSecret } from "../../config/files/secret-files.ts";
import { certificateExpiry } from "../../core/network/peer-certificate.ts";
import { startTimeout } from "../../core/timing/stall-tolerant-timeout.ts";

export type SmtpServer = {
  url: string;
  /** Re-read for each connection, so that a password can be changed without a restart. */
  urlFile?: string | undefined;
  caFile?: string | undefined;
  /** The limit of one conversation with the server, from the look-up of its name to its last answer. */
  timeoutMs: number;
};

export type SmtpSession = {
  connection: SMTPConnection;
  /** When the certificate of the server expires; undefined without TLS. */
  certificateExpiry: number | undefined;
};

/** The mail server did not finish within the time limit. */
export class SmtpTimeout extends Error {
  override readonly name = "SmtpTimeout";
}

/**
 * Connects, signs in, does the work, and ends the connection. There is one connection for each mail: account mails are
 * rare, and a connection that is kept would have to be checked before each use.
 */
export async function withSmtp<T>(
  server: SmtpServer,
  work: (session: SmtpSession) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const { url } = server;
  const current = new URL(rereadSecret(url, server.urlFile)() ?? url);
  // Loaded at the first use, so that a server that sends no mail spends no time and memory on it.
  const { default: Connection } = await import("nodemailer/lib/smtp-connection");
  const connection = new Connection(optionsOf(current, server));
  const { promise: failed, reject } = Promise.withResolvers<never>();
  // Errors of an idle connection arrive here only.
  connection.on("error", reject);
  const end = (reason: unknown) => {
    reject(reason);
    connection.close();
  };
  const onAbort = () => end(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  const timeout = startTimeout(server.timeoutMs, () => end(new SmtpTimeout("The mail server timed out.")));
  try {
    signal?.throwIfAborted();
    return await Promise.race([failed, converse(connection, current, work)]);
  } finally {
    timeout.cancel();
    signal?.removeEventListener("abort", onAbort);
    failed.catch(() => undefined);
    connection.quit();
    connection.close();
  }
}

async function converse<T>(
  connection: SMTPConnection,
  { username, password }: URL,
  work: (session: SmtpSession) => Promise<T>,
): Promise<T> {
  await call((done) => connection.connect(done));
  if (username !== "") {
    const credentials = { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
    await call((done) => connection.login({ credentials }, done));
  }
  return work({ connection, certificateExpiry: certificateExpiry(Reflect.get(connection, "_socket")) });
}

/** A password is sent only over TLS, except to this machine. Without a password, TLS is used if the server offers it. */
function optionsOf({ protocol, hostname, port, username }: URL, { caFile, timeoutMs }: SmtpServer) {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const secure = protocol === "smtps:";
  const isLocal = host === "localhost" || host === "::1" || host.startsWith("127.");
  return {
    host,
    port: port === "" ? (secure ? 465 : 587) : Number(port),
    secure,
    requireTLS: username !== "" && !isLocal,
    tls: caFile === undefined ? {} : { ca: readFileSync(caFile) },
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
  };
}

/** Calls a function that takes a callback, and returns a promise. Only the error of the callback is used. */
export const call = (start: (done: (error?: unknown) => void) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    start((error) => (error ? reject(error) : resolve()));
  });

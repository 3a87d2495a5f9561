import type pg from "pg";

/** The server did not prove that it is the end of the TLS connection. */
export class NoChannelBinding extends Error {
  override readonly name = "NoChannelBinding";
  readonly code = "NO_CHANNEL_BINDING";
}

const boundMechanism = "SCRAM-SHA-256-PLUS";

/**
 * Ends the connection, before a password is sent, unless the server authenticates by SCRAM with channel binding. The
 * driver itself only prefers it.
 */
export function requireChannelBinding({ connection }: pg.Client): void {
  let isProven = false;
  const refuse = () => {
    // Before the driver sends a password, and before it handles further messages of the same packet.
    connection.stream.destroy();
    connection.emit("error", new NoChannelBinding("Postgres offers no channel binding."));
  };
  connection.on("authenticationCleartextPassword", refuse);
  connection.on("authenticationMD5Password", refuse);
  connection.on("authenticationSASL", ({ mechanisms }: { mechanisms: readonly string[] }) => {
    if (!mechanisms.includes(boundMechanism)) refuse();
  });
  connection.on("authenticationSASLFinal", () => {
    isProven = true;
  });
  connection.on("authenticationOk", () => {
    if (!isProven) refuse();
  });
}

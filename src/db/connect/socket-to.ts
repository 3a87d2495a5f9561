import { isIP, Socket } from "node:net";
import type { PostgresHost } from "../../config/postgres-url.ts";
import { createNameResolver } from "../../core/network/name-resolver.ts";

/** The resolver for all connections to Postgres, so that a new connection can use the results of earlier look-ups. */
export const postgresNames = createNameResolver();

/**
 * Creates a socket that connects to the address of a host, if the address is known. The driver still uses the name of the
 * host, because the certificate is verified for the name.
 */
export function socketTo({ address }: PostgresHost): Socket {
  const socket = new Socket();
  const connect = socket.connect.bind(socket);
  Reflect.set(socket, "connect", (port: number | string, name?: string) => {
    // The driver passes the path of a Unix socket in place of a port.
    if (typeof port === "string") return connect(port);
    if (address !== undefined) return connect(port, address);
    if (name === undefined || isIP(name) !== 0) return connect(port, name ?? "localhost");
    return connect({ port, host: name, lookup: postgresNames.lookup });
  });
  return socket;
}

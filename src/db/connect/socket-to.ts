import { isIP, Socket } from "node:net";
import type { PostgresHost } from "../../config/postgres-url.ts";
import { createNameResolver } from "../../core/name-resolver.ts";

/** The names of all connections to Postgres, so that a new one can use what an earlier one has found. */
export const postgresNames = createNameResolver();

/**
 * Creates a socket that connects to the address of a host, if one is known, while the driver uses its name, for which the
 * certificate is verified.
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

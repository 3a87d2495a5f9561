import { Socket } from "node:net";
import type { PostgresHost } from "../../config/postgres-url.ts";

/**
 * Creates a socket that connects to the address of a host, if one is known, while the driver uses its name, for which the
 * certificate is verified.
 */
export function socketTo({ address }: PostgresHost): Socket {
  const socket = new Socket();
  if (address === undefined) return socket;
  const connect = socket.connect.bind(socket);
  Reflect.set(socket, "connect", (port: number) => connect(port, address));
  return socket;
}

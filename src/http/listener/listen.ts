import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { StartError } from "../../core/errors/start-error.ts";

/** `variable` is the setting that an error message tells the user to change. */
export type Address = { host: string; port: number; variable: "PORT" | "MANAGEMENT_PORT" };

/** Resolves with the port once the server listens. */
export async function listen(server: Server, address: Address): Promise<number> {
  const { host, port } = address;
  server.listen({ host, port, backlog: 1024 });
  try {
    await once(server, "listening");
  } catch (error) {
    throw new StartError(listenError(error, address), { cause: error });
  }
  const bound = server.address();
  return typeof bound === "object" && bound !== null ? bound.port : port;
}

/** Reports a port in use before anything slow starts. `listen` reports a port that another process takes later. */
export async function assertPortIsFree(address: Address): Promise<void> {
  const probe = createServer();
  await listen(probe, address);
  probe.close();
  await once(probe, "close");
}

function listenError(error: unknown, { host, port, variable }: Address): string {
  const code = error instanceof Error && "code" in error ? error.code : "";
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} on ${host} is already in use: stop the process that uses it, or set ${variable}=${port + 1}.${secondServerHint(variable)}`;
    case "EACCES":
      return `Port ${port} needs more permissions than this user has: set ${variable} to a port above 1023.`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `HOST is not an address of this machine, so port ${port} cannot be opened.`;
    default:
      return `Port ${port} on ${host} cannot be opened (${String(code) || "unknown reason"}).`;
  }
}

const secondServerHint = (variable: Address["variable"]): string =>
  variable === "PORT"
    ? " To run beside another Haven server, also set INSTANCE_ID, for example INSTANCE_ID=second."
    : "";

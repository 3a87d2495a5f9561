import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { StartError } from "../core/start-error.ts";

/** The variable is what the person at the keyboard has to change. */
export type Address = { host: string; port: number; variable: "PORT" | "MANAGEMENT_PORT" };

/** Resolves with the port once the server listens. */
export async function listen(server: Server, address: Address): Promise<number> {
  const { host, port } = address;
  server.listen({ host, port, backlog: 1024 });
  try {
    await once(server, "listening");
  } catch (error) {
    throw new StartError(listenFault(error, address), { cause: error });
  }
  const bound = server.address();
  return typeof bound === "object" && bound !== null ? bound.port : port;
}

/** Asks before anything slow is started; whoever takes the port in between is met by `listen`. */
export async function assertPortIsFree(address: Address): Promise<void> {
  const trial = createServer();
  await listen(trial, address);
  trial.close();
  await once(trial, "close");
}

function listenFault(error: unknown, { host, port, variable }: Address): string {
  const code = error instanceof Error && "code" in error ? error.code : "";
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} on ${host} is already taken: end what listens there, or choose another with ${variable}=${port + 1}.`;
    case "EACCES":
      return `Port ${port} may not be opened by this user: choose one above 1023 with ${variable}.`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `HOST is not an address of this machine, so port ${port} cannot be opened there.`;
    default:
      return `Port ${port} on ${host} cannot be opened (${String(code) || "unknown reason"}).`;
  }
}

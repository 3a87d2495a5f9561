import type { EventEmitter } from "node:events";
import type { ConnectionOptions } from "node:tls";
import pg from "pg";
import type { PostgresHost } from "../../config/postgres-url.ts";
import { socketTo } from "./socket-to.ts";

export type CancelTarget = { host: PostgresHost; tls: ConnectionOptions | false; sslDirect: boolean };

/** The time limit of the whole request. Postgres closes its connection instead of answering. */
const limitMs = 1000;

/** The methods of the driver that its types lack. */
type Requester = EventEmitter & {
  connect(port: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processId: number, secretKey: number): void;
};

/**
 * Makes Postgres end the statement that a connection runs, also a commit that waits for a standby. Postgres does not
 * detect that the client of such a commit has disconnected, so the backend would wait for as long as the standby is
 * missing. The request needs no free connection. Resolves when Postgres has received it, or after its limit.
 */
export function requestCancel({ host, tls, sslDirect }: CancelTarget, client: pg.Client): Promise<void> {
  const processId: unknown = Reflect.get(client, "processID");
  const secretKey: unknown = Reflect.get(client, "secretKey");
  // Some poolers send no key.
  if (typeof processId !== "number" || typeof secretKey !== "number") return Promise.resolve();
  const { host: name, port } = client;
  const socket = socketTo(host);
  const options = { stream: socket, ssl: tls, sslNegotiation: sslDirect ? "direct" : "postgres" };
  const requester: Requester = Reflect.construct(pg.Connection, [options]);
  const { promise, resolve } = Promise.withResolvers<void>();
  const limit = setTimeout(() => socket.destroy(), limitMs).unref();
  const cancel = () => requester.cancel(processId, secretKey);
  requester.on("error", () => socket.destroy());
  requester.once("end", () => {
    clearTimeout(limit);
    resolve();
  });
  requester.once("connect", () => {
    if (tls === false) cancel();
    else if (!sslDirect) requester.requestSsl();
  });
  requester.once("sslconnect", cancel);
  if (name.startsWith("/")) requester.connect(`${name}/.s.PGSQL.${port}`);
  else requester.connect(port, name);
  return promise;
}

import { once } from "node:events";
import { createServer } from "node:http";
import { atEnd } from "../at-end.ts";

/** Starts a web server on 127.0.0.1 where the program under test expects another service. Returns its port. */
export async function startWebServer(): Promise<number> {
  const server = createServer((_, response) => response.end());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}

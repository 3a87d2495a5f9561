import { createServer } from "node:http";
import { createHealth } from "../../../src/kit/index.ts";

// A process for the tests of `stopOnSignals`. The variable CLOSE selects what `close` does.

const closing: Readonly<Record<string, () => Promise<unknown>>> = {
  well: async () => process.stdout.write("closed\n"),
  badly: async () => {
    throw new Error("cannot close");
  },
};
const managementPort = process.env["MANAGEMENT_PORT"];
const health = createHealth({
  service: "orders",
  ...(managementPort !== undefined && { operators: { managementPort: Number(managementPort) } }),
});
const server = createServer((request, response) => {
  if (request.url === "/slow") setTimeout(() => response.end("done"), 300);
  else if (request.url !== "/never") response.end("app");
});
health.attach(server);
health.stopOnSignals(server, {
  drain: { delayMs: 100, lingerMs: 0, timeoutMs: 1000 },
  close: closing[process.env["CLOSE"] ?? "well"] ?? (() => Promise.resolve()),
});
server.listen(Number(process.env["PORT"]), "127.0.0.1");

// With PORT_OF_ADMIN the process has a second app, with a kit of its own and a longer drain.
const adminPort = process.env["PORT_OF_ADMIN"];
if (adminPort !== undefined) {
  const admin = createHealth({ service: "admin" });
  const adminServer = createServer((_request, response) => response.end("admin"));
  admin.attach(adminServer);
  admin.stopOnSignals(adminServer, { drain: { delayMs: 1000, lingerMs: 0, timeoutMs: 1000 } });
  adminServer.listen(Number(adminPort), "127.0.0.1");
}

import { createServer } from "node:http";
import { createHealth } from "../../../src/kit/index.ts";

// A process for the tests of `stopOnSignals`. The variable CLOSE selects what `close` does.

const closing: Readonly<Record<string, () => Promise<unknown>>> = {
  well: async () => process.stdout.write("closed\n"),
  badly: async () => {
    throw new Error("cannot close");
  },
};
const health = createHealth({ service: "orders" });
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

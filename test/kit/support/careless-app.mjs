import { createServer } from "node:http";

// An app that ends at SIGTERM without a drain. Requests take a moment, so that some are always in flight.

const server = createServer((request, response) => {
  if (request.url === "/ready") response.end("ready");
  else setTimeout(() => response.end("done"), 30);
});
server.listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));

import { createServer } from "node:http";

// Answers at once, so the time of a response is the delay of the machine.

const server = createServer((_request, response) => response.end()).listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.send?.(typeof address === "object" ? address?.port : undefined);
});
process.once("disconnect", () => process.exit());

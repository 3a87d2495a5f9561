import { createServer } from "node:http";
import { parentPort } from "node:worker_threads";

// A bucket in a separate thread, which answers while the event loop of the test is blocked.

const server = createServer((request, response) => {
  request.resume();
  request.once("end", () => response.end());
});
server.listen(0, "127.0.0.1", () => parentPort?.postMessage(server.address()));

import { createServer } from "node:http";

// A server with a naive shutdown: on SIGTERM it calls `server.close()` and exits. Each request costs computing time, so that
// connections wait in the accept queue. The kernel resets those connections when the listener closes.

const server = createServer((request, response) => {
  request.resume();
  request.on("end", () => {
    const until = performance.now() + 4;
    while (performance.now() < until);
    response.writeHead(request.method === "POST" ? 201 : 200).end("{}");
  });
});
server.listen(4000, process.env["HOST"], () => process.stdout.write("listening\n"));
process.on("SIGTERM", () => server.close(() => process.exit()));

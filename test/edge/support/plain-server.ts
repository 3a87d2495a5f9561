import { createServer } from "node:http";

// A server with a naive shutdown: on SIGTERM `server.close()`, then exit. Each request takes some work, so that
// connections wait in the accept queue; those are reset when the listener closes.

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

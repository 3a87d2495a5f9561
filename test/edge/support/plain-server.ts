import { createServer } from "node:http";

// What everybody writes first: on SIGTERM `server.close()`, then the end. It works a little for each request, as servers
// do: whoever has connected meanwhile and was not yet let in is reset when the listener closes.

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

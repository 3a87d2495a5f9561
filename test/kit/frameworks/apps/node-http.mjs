import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { health, host, port, serveWith, slowly, streamEvents } from "./shared.mjs";

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  const item = /^\/items\/([^/]+)$/.exec(pathname)?.[1];
  if (pathname === "/hello") response.end("hello");
  else if (pathname === "/slow") response.end(await slowly(searchParams.get("ms")));
  else if (item !== undefined) {
    health.nameRoute(request, "/items/:id");
    response.end(JSON.stringify({ id: item }));
  } else if (pathname === "/items") response.writeHead(201).end(JSON.stringify(await json(request)));
  else if (pathname === "/stream") {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.on(
      "close",
      streamEvents(
        (text) => response.write(text),
        () => response.end(),
      ),
    );
  } else response.writeHead(404).end();
});
serveWith(server);
server.listen(port, host);

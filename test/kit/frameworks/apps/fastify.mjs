import { PassThrough } from "node:stream";
import fastify from "fastify";
import { health, host, port, serveWith, slowly, streamEvents } from "./shared.mjs";

const app = fastify();
app.addHook("onRequest", async (request) => health.nameRoute(request.raw, request.routeOptions.url));
app.get("/hello", async () => "hello");
app.get("/slow", async (request) => slowly(request.query.ms));
app.get("/items/:id", async (request) => ({ id: request.params.id }));
app.post("/items", async (request, reply) => reply.code(201).send(request.body));
app.get("/stream", async (_request, reply) => {
  const stream = new PassThrough();
  stream.on(
    "close",
    streamEvents(
      (text) => stream.write(text),
      () => stream.end(),
    ),
  );
  return reply.type("text/event-stream").send(stream);
});
serveWith(app.server, () => app.close());
await app.listen({ port, host });

import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { routePath } from "hono/route";
import { health, host, port, serveWith, slowly, streamEvents } from "./shared.mjs";

const app = new Hono();
app.use(async (context, next) => {
  await next();
  health.nameRoute(context.env.incoming, routePath(context, -1));
});
app.get("/hello", (context) => context.text("hello"));
app.get("/slow", async (context) => context.text(await slowly(context.req.query("ms"))));
app.get("/items/:id", (context) => context.json({ id: context.req.param("id") }));
app.post("/items", async (context) => context.json(await context.req.json(), 201));
app.get("/stream", () => {
  const encoder = new TextEncoder();
  let stop;
  const body = new ReadableStream({
    start(controller) {
      stop = streamEvents(
        (text) => controller.enqueue(encoder.encode(text)),
        () => controller.close(),
      );
    },
    cancel: () => stop(),
  });
  return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
});
serveWith(serve({ fetch: app.fetch, port, hostname: host }));

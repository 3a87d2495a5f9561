import { PassThrough } from "node:stream";
import { json } from "node:stream/consumers";
import Router from "@koa/router";
import Koa from "koa";
import { health, host, port, serveWith, slowly, streamEvents } from "./shared.mjs";

const app = new Koa();
const router = new Router();
app.use(async (context, next) => {
  await next();
  health.nameRoute(context.req, context._matchedRoute);
});
router.get("/hello", (context) => {
  context.body = "hello";
});
router.get("/slow", async (context) => {
  context.body = await slowly(context.query.ms);
});
router.get("/items/:id", (context) => {
  context.body = { id: context.params.id };
});
router.post("/items", async (context) => {
  context.status = 201;
  context.body = await json(context.req);
});
router.get("/stream", (context) => {
  const stream = new PassThrough();
  stream.on(
    "close",
    streamEvents(
      (text) => stream.write(text),
      () => stream.end(),
    ),
  );
  context.type = "text/event-stream";
  context.body = stream;
});
app.use(router.routes());
serveWith(app.listen(port, host));

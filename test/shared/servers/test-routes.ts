import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { RouteParts } from "../../../src/composition/overrides.ts";
import { createRoutes } from "../../../src/http/create-routes.ts";
import { operation } from "../../../src/http/operation.ts";
import { createdJson, ok } from "../../../src/http/responses.ts";

const answers = { 200: { description: "Fine." } };

const operations = {
  echo: operation({
    id: "echo",
    method: "post",
    path: "/echo",
    summary: "Return the body",
    tag: "Test",
    body: z.strictObject({ name: z.string(), nested: z.unknown().optional() }),
    answers,
  }),
  item: operation({
    id: "item",
    method: "get",
    path: "/items/{id}",
    summary: "Return the id",
    tag: "Test",
    params: z.strictObject({ id: z.string() }),
    query: z.strictObject({ limit: z.string().regex(/^\d+$/, "must be a number").optional() }),
    answers,
  }),
  slow: operation({
    id: "slow",
    method: "get",
    path: "/slow/{ms}",
    summary: "Respond late",
    tag: "Test",
    params: z.strictObject({ ms: z.coerce.number() }),
    answers,
  }),
  work: operation({
    id: "work",
    method: "post",
    path: "/busy/{ms}",
    summary: "Wait, then create",
    tag: "Test",
    params: z.strictObject({ ms: z.coerce.number() }),
    body: z.strictObject({ name: z.string() }),
    answers: { 201: { description: "Done." } },
  }),
  spin: operation({
    id: "spin",
    method: "get",
    path: "/spin/{ms}",
    summary: "Block the event loop",
    tag: "Test",
    params: z.strictObject({ ms: z.coerce.number() }),
    answers,
  }),
  sql: operation({
    id: "sql",
    method: "get",
    path: "/sql/{ms}",
    summary: "Use a connection of Postgres",
    tag: "Test",
    params: z.strictObject({ ms: z.coerce.number() }),
    answers,
  }),
  redis: operation({ id: "redis", method: "get", path: "/redis", summary: "Ping Redis", tag: "Test", answers }),
  fail: operation({
    id: "fail",
    method: "get",
    path: "/fail",
    summary: "Fail with an uncaught exception",
    tag: "Test",
    answers,
  }),
  stream: operation({
    id: "stream",
    method: "get",
    path: "/stream",
    summary: "Open an endless stream",
    tag: "Test",
    answers,
  }),
};

/** Creates routes that are slow, endless or faulty on purpose. */
export function testRoutes({ db, redis, connections }: RouteParts) {
  const routes = createRoutes("/test");
  routes.add(operations.echo, ({ body }) => createdJson(body));
  routes.add(operations.item, ({ params, query }) => ok({ ...params, ...query }));
  routes.add(operations.slow, async ({ params, request }) => {
    await sleep(params.ms, undefined, { signal: request.context.signal });
    return ok({ waited: params.ms });
  });
  routes.add(operations.work, async ({ params, body, request }) => {
    await sleep(params.ms, undefined, { signal: request.context.signal });
    return createdJson(body);
  });
  routes.add(operations.spin, ({ params }) => {
    const until = performance.now() + params.ms;
    while (performance.now() < until);
    return ok({});
  });
  routes.add(operations.sql, async ({ params }) => ok(await db.query("SELECT pg_sleep($1)", [params.ms / 1000])));
  routes.add(operations.redis, async () => ok({ pong: await redis.read((client) => client.ping()) }));
  routes.add(operations.fail, () => {
    throw new Error("password=hunter2 at postgres://user:hunter2@db.internal/x");
  });
  routes.add(operations.stream, () => ({
    send(request, response) {
      request.context.hasNoDeadline = true;
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.write("data: hello\n\n");
      const removeDrainHandler = connections.onDrain(() => response.end("data: bye\n\n"));
      response.once("close", removeDrainHandler);
    },
  }));
  return [routes];
}

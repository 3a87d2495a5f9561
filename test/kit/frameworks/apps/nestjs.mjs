import "reflect-metadata";
import { Body, Controller, Get, Module, Param, Post, Query, Res } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { host, port, serveWith, slowly, streamEvents } from "./shared.mjs";

class OrdersController {
  hello() {
    return "hello";
  }
  slow(ms) {
    return slowly(ms);
  }
  item(id) {
    return { id };
  }
  create(body) {
    return body;
  }
  stream(response) {
    response.type("text/event-stream");
    response.on(
      "close",
      streamEvents(
        (text) => response.write(text),
        () => response.end(),
      ),
    );
  }
}

// Decorators are written as calls, because Node cannot run the syntax of decorators.
const decorate = (method, route, ...parameters) => {
  const { prototype } = OrdersController;
  for (const [index, parameter] of parameters.entries()) parameter(prototype, method, index);
  route(prototype, method, Object.getOwnPropertyDescriptor(prototype, method));
};
decorate("hello", Get("hello"));
decorate("slow", Get("slow"), Query("ms"));
decorate("item", Get("items/:id"), Param("id"));
decorate("create", Post("items"), Body());
decorate("stream", Get("stream"), Res());
Controller()(OrdersController);

class AppModule {}
Module({ controllers: [OrdersController] })(AppModule);

const app = await NestFactory.create(AppModule, { logger: false });
serveWith(app.getHttpServer(), () => app.close());
await app.listen(port, host);

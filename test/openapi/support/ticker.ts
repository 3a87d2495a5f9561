import type { RouteParts } from "../../../src/composition/overrides.ts";
import { createRoutes } from "../../../src/http/create-routes.ts";
import { operation } from "../../../src/http/operation.ts";

const tick = operation({
  id: "tick",
  method: "get",
  path: "/ticks",
  summary: "Stream two events and stay open",
  tag: "Test",
  answers: { 200: { description: "Events.", contentType: "text/event-stream" } },
});

/** Creates a stream that stays open until the client disconnects or the server drains. */
export function tickerRoutes({ connections }: RouteParts) {
  const routes = createRoutes("/test");
  routes.add(tick, () => ({
    send(request, response) {
      request.context.hasNoDeadline = true;
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.write("id: 1\ndata: one\n\n");
      response.write("id: 2\ndata: two\n\n");
      response.once(
        "close",
        connections.onDrain(() => response.end()),
      );
    },
  }));
  return [routes];
}

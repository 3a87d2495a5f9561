import type { Express } from "express";
import type { RouteParts } from "../../../src/composition/overrides.ts";
import { createRoutes } from "../../../src/http/create-routes.ts";
import { operation } from "../../../src/http/operation.ts";
import type { ResourceRouter } from "../../../src/http/resource-router.ts";
import { noContent } from "../../../src/http/responses.ts";
import { ask } from "../../shared/requests/http.ts";

/** Creates a route whose handler keeps the Express app for the test. */
export function createAppCapture() {
  let captured: Express | undefined;
  const captureApp = operation({
    id: "captureApp",
    method: "get",
    path: "/captureApp",
    summary: "Shows the app to the test",
    tag: "Test",
    answers: { 204: { description: "Captured." } },
  });
  return {
    routes: (_parts: RouteParts) => {
      const routes = createRoutes("/test");
      routes.add(captureApp, ({ request }) => {
        captured = request.app as Express;
        return noContent();
      });
      return [routes];
    },
    async app(url: string): Promise<Express> {
      await ask(`${url}/test/captureApp`);
      if (captured === undefined) throw new Error("The test route did not capture the app.");
      return captured;
    },
  };
}

type Layer = { handle: Partial<ResourceRouter> };
type RouteLayer = { route?: { path: string; methods: Record<string, boolean> } };

/** Returns the routes of Express in the form of OpenAPI, such as `GET /units/{unitId}`. */
export function routesOf(app: Express): string[] {
  const layers = app.router.stack as unknown as Layer[];
  const routers = layers.flatMap(({ handle }) => [...(handle.routers?.values() ?? [])]);
  return routers
    .flatMap((router) => router.stack as unknown as RouteLayer[])
    .flatMap(({ route }) => Object.keys(route?.methods ?? {}).map((method) => ({ method, path: route?.path ?? "" })))
    .map(({ method, path }) => `${method.toUpperCase()} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
}

import express, { type Express } from "express";
import type { Features } from "./composition/features.ts";
import type { Logger } from "./core/logger.ts";
import type { Api } from "./features/api.ts";
import { leaseRoutes } from "./features/leases/routes.ts";
import { maintenanceRoutes } from "./features/maintenance/routes.ts";
import { photoRoutes, uploadRoutes } from "./features/photos/routes.ts";
import { propertyRoutes } from "./features/properties/routes.ts";
import { streamRoutes } from "./features/stream/routes.ts";
import { unitRoutes } from "./features/units/routes.ts";
import { cors } from "./http/cors.ts";
import { handleErrors, rejectOptions, rejectUnknownRoute } from "./http/error-handlers.ts";
import type { Trust } from "./http/listener/proxy-trust.ts";
import type { Routes } from "./http/operation.ts";
import { resourceRouter } from "./http/resource-router.ts";
import { type AboutDeps, aboutRoutes } from "./openapi/routes.ts";

export type AppDeps = {
  about: AboutDeps;
  /** Routes outside `features/`: those of the accounts, and those that a test adds. */
  routes: readonly Routes[];
  features: Features;
  api: Api;
  trust: Pick<Trust, "trusts">;
  logger: Logger;
  corsOrigins: readonly string[];
};

const featureRoutes = (features: Features, api: Api): readonly Routes[] => [
  propertyRoutes(features.properties, api),
  unitRoutes(features.units, api),
  leaseRoutes(features.leases, api),
  maintenanceRoutes(features.maintenance, api),
  photoRoutes(features.photos, api),
  uploadRoutes(features.photos),
  streamRoutes(features.stream, api),
];

/** What a request passes behind the listener, from top to bottom. */
export function createApp({ about, routes, features, api, trust, logger, corsOrigins }: AppDeps): Express {
  const served = [...routes, ...featureRoutes(features, api)];
  const all = [...served, aboutRoutes(about, served)];
  const refuse = rejectUnknownRoute(all);
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.enable("case sensitive routing");
  app.set("query parser", false);
  app.set("trust proxy", trust.trusts);

  if (corsOrigins.length > 0) app.use(cors(corsOrigins));
  app.use(rejectOptions(refuse));
  app.use(resourceRouter(all));
  app.use(refuse);
  app.use(handleErrors(logger));
  return app;
}

import { createApp } from "../app.ts";
import { toBlockList } from "../config/address-ranges.ts";
import type { Config } from "../config/read-config.ts";
import { type Clock, steadyClock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { Database } from "../db/pool.ts";
import { createOnce } from "../features/api.ts";
import { createLeaseService } from "../features/leases/service.ts";
import { createMaintenanceService } from "../features/maintenance/service.ts";
import { createPropertyService } from "../features/properties/service.ts";
import type { StreamService } from "../features/stream/service.ts";
import { createUnitService } from "../features/units/service.ts";
import { watchEventLoop } from "../http/listener/overload.ts";
import { createTrust } from "../http/listener/proxy-trust.ts";
import type { Routes } from "../http/operation.ts";
import type { FleetReport } from "../kit/health/health-report.ts";
import { createMetrics } from "../metrics/registry.ts";
import { service, version } from "../version.ts";
import { composeAuth } from "./auth.ts";
import { composeFleet, composePolicy } from "./fleet.ts";
import { composeListeners } from "./front.ts";
import { composeHealth, processChecks } from "./health.ts";
import { composePhotos } from "./photos.ts";
import { composeServices, type Services } from "./services.ts";
import { composeStream } from "./stream.ts";

/** What a test may replace or add. */
export type Overrides = { clock?: Clock; routes?: (parts: Parts) => readonly Routes[] };

export type Parts = Pick<Deps, "db" | "redis" | "lifecycle" | "connections" | "logger">;

export type Deps = Awaited<ReturnType<typeof compose>>;

export type Features = ReturnType<typeof createFeatures>;

type FeatureDeps = { config: Config; logger: Logger; db: Database; stream: StreamService };

function createFeatures({ config, logger, db, stream }: FeatureDeps) {
  const properties = createPropertyService({ db });
  const units = createUnitService({ db, properties });
  return {
    properties,
    units,
    leases: createLeaseService({ db, units }),
    maintenance: createMaintenanceService({ db, units, notify: stream.wake }),
    photos: composePhotos({ config, logger, db, properties }),
    stream,
  };
}

/** Makes every part once, in order, and knows how to close them. */
export async function compose(config: Config, addresses: Services, logger: Logger, overrides: Overrides = {}) {
  const clock = overrides.clock ?? steadyClock;
  const identity = { service, version, instance: config.instance };
  const basics = { config, clock, logger, identity, metrics: createMetrics(identity) };

  const eventLoop = watchEventLoop(config.http.overloadDelayMs);
  const trust = createTrust(toBlockList(config.http.trustProxy));
  const readiness = composePolicy(basics);
  const { policy } = readiness;
  const health = composeHealth({ ...basics, eventLoop, trust, policy, fleet: (): FleetReport => fleet.picture() });
  const { kit } = health;
  const { lifecycle, connections } = kit;

  const services = await composeServices({ ...basics, addresses, breakers: kit.breakers });
  const { db, redis } = services;
  for (const check of [...services.checks, ...processChecks({ config, eventLoop })]) kit.addCheck(check);
  const fleet = composeFleet({ ...basics, ...services, ...health, readiness });

  const auth = composeAuth({ ...basics, ...services, jwtSecret: addresses.jwtSecret });
  const api = { authenticate: auth.authenticate, page: auth.page, create: createOnce(db) };

  const stream = composeStream({ ...basics, ...services, addresses, connections, ...auth });
  const features = createFeatures({ ...basics, db, stream });

  const about = {
    identity,
    cookieName: config.auth.cookieName,
    servesOperators: config.http.managementPort === undefined,
  };
  const routes = [...auth.routes, ...(overrides.routes?.({ db, redis, lifecycle, connections, logger }) ?? [])];
  const app = createApp({ about, routes, features, api, trust, logger, corsOrigins: config.auth.corsOrigins });
  const front = composeListeners({ ...basics, health, eventLoop, trust, app });

  return {
    config,
    addresses,
    logger,
    metrics: basics.metrics,
    kit,
    lifecycle,
    connections,
    db,
    redis,
    passwords: auth.passwords,
    server: front.server,
    management: front.management,
    /** Last what everything else stands on: Redis, then Postgres. */
    async close(): Promise<void> {
      front.close();
      eventLoop.stop();
      kit.monitor.stop();
      stream.stop();
      features.photos.stop();
      auth.stop();
      await fleet.leave();
      kit.stop();
      await services.close();
    },
  };
}

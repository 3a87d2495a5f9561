import type { Config } from "../config/read-config.ts";
import type { Logger } from "../core/logger.ts";
import type { Tracer } from "../core/tracer.ts";
import type { Database } from "../db/pool.ts";
import { createLeaseService } from "../features/leases/service.ts";
import { createMaintenanceService } from "../features/maintenance/service.ts";
import type { Bucket } from "../features/photos/storage/bucket.ts";
import { createPropertyService } from "../features/properties/service.ts";
import type { StreamService } from "../features/stream/service.ts";
import { createUnitService } from "../features/units/service.ts";
import type { Overrides } from "./overrides.ts";
import { composePhotos } from "./photos.ts";

export type FeatureDeps = {
  config: Config;
  logger: Logger;
  bucket: Bucket | undefined;
  db: Database;
  stream: StreamService;
  tracer: Tracer;
  stack: AsyncDisposableStack;
  overrides: Overrides;
};

/** Creates the services of the property API. */
export function composeFeatures({ config, logger, bucket, db, stream, tracer, stack, overrides }: FeatureDeps) {
  const properties = createPropertyService({ db });
  const units = createUnitService({ db, properties });
  return {
    properties,
    units,
    leases: createLeaseService({ db, units }),
    maintenance: createMaintenanceService({ db, units, notify: stream.wake }),
    photos: composePhotos({ config, logger, bucket, db, properties, tracer, stack, overrides }),
    stream,
  };
}

export type Features = ReturnType<typeof composeFeatures>;

import type { Database } from "../db/pool.ts";
import type { Api } from "../features/create-once.ts";
import { leaseRoutes } from "../features/leases/routes.ts";
import { createLeaseService } from "../features/leases/service.ts";
import { maintenanceRoutes } from "../features/maintenance/routes.ts";
import { createMaintenanceService } from "../features/maintenance/service.ts";
import { photoRoutes } from "../features/photos/routes.ts";
import { createPhotoService } from "../features/photos/service.ts";
import { avatarRoutes, uploadRoutes } from "../features/photos/upload-routes.ts";
import { propertyRoutes } from "../features/properties/routes.ts";
import { createPropertyService } from "../features/properties/service.ts";
import { streamRoutes } from "../features/stream/routes.ts";
import type { StreamService } from "../features/stream/service.ts";
import { unitRoutes } from "../features/units/routes.ts";
import { createUnitService } from "../features/units/service.ts";
import type { Routes } from "../http/create-routes.ts";
import type { UploadParts } from "./uploads.ts";

export type FeatureDeps = { db: Database; api: Api; uploadParts: UploadParts; stream: StreamService };

/** Creates the features. The API reference lists them in this order. */
export function composeFeatures({ db, api, uploadParts, stream }: FeatureDeps): readonly Routes[] {
  const properties = createPropertyService({ db });
  const units = createUnitService({ db, properties });
  const photos = createPhotoService({ db, properties, images: uploadParts.images, files: uploadParts.files });
  return [
    propertyRoutes(properties, api),
    unitRoutes(units, api),
    leaseRoutes(createLeaseService({ db, units }), api),
    maintenanceRoutes(createMaintenanceService({ db, units, notify: stream.wake }), api),
    photoRoutes({ photos, uploads: uploadParts.uploads }, api),
    avatarRoutes(uploadParts, api),
    uploadRoutes(uploadParts),
    streamRoutes(stream, api),
  ];
}

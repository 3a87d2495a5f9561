import type { Config } from "../config/env.ts";
import type { Logger } from "../core/logger.ts";
import type { Database } from "../db/pool.ts";
import { createAvatarService } from "../features/photos/avatars.ts";
import { createBucket } from "../features/photos/bucket.ts";
import { createBucketStore } from "../features/photos/bucket-store.ts";
import { createImages } from "../features/photos/images.ts";
import { createPostgresStore } from "../features/photos/postgres-store.ts";
import { createRemovals } from "../features/photos/removals.ts";
import type { PhotoParts } from "../features/photos/routes.ts";
import { createPhotoService } from "../features/photos/service.ts";
import { createUploads } from "../features/photos/uploads.ts";
import type { PropertyService } from "../features/properties/service.ts";

export type PhotoPartsDeps = {
  config: Config;
  db: Database;
  properties: Pick<PropertyService, "get">;
  logger: Logger;
};

const removalRetryMs = 60_000;
const removalGraceMs = 600_000;

/** Photos and avatars, and where their files are. */
export function composePhotos({ config, db, properties, logger }: PhotoPartsDeps): PhotoParts & { stop(): void } {
  const images = createImages(config.photos.images);
  const bucket = config.photos.bucket && createBucket(config.photos.bucket);
  const removals = bucket && createRemovals({ db, bucket, logger, retryMs: removalRetryMs, graceMs: removalGraceMs });
  const files = bucket && removals ? createBucketStore({ db, bucket, removals }) : createPostgresStore(db);
  return {
    photos: createPhotoService({ db, properties, images, files }),
    avatars: createAvatarService({ db, images, files }),
    uploads: createUploads(config.photos),
    files,
    stop: () => removals?.stop(),
  };
}

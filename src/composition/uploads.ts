import type { Config } from "../config/read-config.ts";
import { AppError } from "../core/errors/app-error.ts";
import { createConcurrencyLimiter } from "../core/limits/concurrency-limiter.ts";
import type { Logger } from "../core/logging/logger.ts";
import type { Tracer } from "../core/tracer.ts";
import type { Database } from "../db/pool.ts";
import { createAvatarService } from "../features/photos/avatars.ts";
import { createImages } from "../features/photos/images/images.ts";
import type { Bucket } from "../features/photos/storage/bucket.ts";
import { createBucketStore } from "../features/photos/storage/bucket-store.ts";
import { createDeferredDeletions } from "../features/photos/storage/deferred-deletions.ts";
import { createPostgresStore } from "../features/photos/storage/postgres-store.ts";
import { createUploads } from "../features/photos/uploads/uploads.ts";
import type { Overrides } from "./overrides.ts";

export type UploadPartsDeps = {
  config: Config;
  db: Database;
  logger: Logger;
  /** If undefined, files are stored in Postgres. */
  bucket: Bucket | undefined;
  tracer: Tracer;
  stack: AsyncDisposableStack;
  overrides: Overrides;
};

const deletionRetryMs = 60_000;
const deletionGraceMs = 600_000;
/** The share of the connection pool that image reads may use. */
const imageReadShare = 0.3;
const imageReadWaitMs = 1000;

/** Creates the processing of uploaded images, the store of their files, and avatars. */
export function composeUploads({ config, db, bucket, logger, tracer, stack, overrides }: UploadPartsDeps) {
  const images = overrides.images ?? createImages(config.photos.images, tracer);
  const deletions =
    bucket &&
    stack.adopt(
      createDeferredDeletions({ db, bucket, logger, retryMs: deletionRetryMs, graceMs: deletionGraceMs }),
      (running) => running.stop(),
    );
  // Images are public, so anyone can request many names that do not exist. The limit leaves connections for other requests.
  const reads = createConcurrencyLimiter({
    maxConcurrent: Math.max(1, Math.floor(config.postgres.poolMax * imageReadShare)),
    maxWaitMs: imageReadWaitMs,
    maxQueued: 200,
    measureWait: (wait) => tracer.span({ name: "wait in the queue of image reads" }, wait),
    rejectionError: () =>
      new AppError("overloaded", "Too many images are being requested. Retry in a moment.", { retryAfterSeconds: 1 }),
  });
  const limitedDatabase: Database = { ...db, query: (sql, values) => reads.run(() => db.query(sql, values)) };
  const files =
    overrides.files ??
    (bucket && deletions
      ? createBucketStore({ db: limitedDatabase, bucket, deletions })
      : createPostgresStore(limitedDatabase));
  return {
    images,
    avatars: createAvatarService({ db, images, files }),
    uploads: createUploads(config.photos),
    files,
  };
}

export type UploadParts = ReturnType<typeof composeUploads>;

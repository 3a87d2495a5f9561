import { CheckFailed, type Reason } from "../../../core/errors/failure-reason.ts";
import type { Bucket } from "./bucket.ts";

export type BucketCheckDeps = {
  bucket: Pick<Bucket, "get" | "put">;
  now(): number;
  /** A capability that passed is not checked again for this long, because a bucket charges for each call. */
  recheckAfterMs?: number;
};

/** All instances write the same object, so that checks do not accumulate objects. */
const objectName = "haven-health";
const content = Buffer.from("Written by the health check of Haven.\n");

const defaultRecheckAfterMs = 60_000;

/** Proves that the bucket accepts an object and returns it. */
export function createBucketCheck({ bucket, now, recheckAfterMs = defaultRecheckAfterMs }: BucketCheckDeps) {
  const passedAt = { read: Number.NEGATIVE_INFINITY, write: Number.NEGATIVE_INFINITY };
  let writing: Promise<unknown> = Promise.resolve();
  let isWritten = false;

  const runUnlessRecentlyPassed = async (
    capability: "read" | "write",
    runCheck: () => Promise<void>,
  ): Promise<void> => {
    if (now() - passedAt[capability] < recheckAfterMs) return;
    passedAt[capability] = Number.NEGATIVE_INFINITY;
    await runCheck().catch((error: unknown) => {
      throw toCheckError(error);
    });
    passedAt[capability] = now();
  };

  return {
    write: (signal: AbortSignal): Promise<void> =>
      runUnlessRecentlyPassed("write", async () => {
        const write = bucket.put({ name: objectName, bytes: content }, signal);
        writing = write.catch(() => undefined);
        await write;
        isWritten = true;
      }),
    read: (signal: AbortSignal): Promise<void> =>
      runUnlessRecentlyPassed("read", async () => {
        await writing;
        const stored = await bucket.get(objectName, signal);
        // If no write has succeeded, the object may not exist. The check then requires only that the bucket answers.
        if (isWritten && stored?.equals(content) !== true) throw new CheckFailed("failed");
      }),
    /** Makes the next checks call the bucket. Called after a request's call to the bucket has failed. */
    suspect(): void {
      passedAt.read = Number.NEGATIVE_INFINITY;
      passedAt.write = Number.NEGATIVE_INFINITY;
    },
  };
}

const reasonsByCode: Readonly<Record<string, Reason>> = {
  AccessDenied: "forbidden",
  AllAccessDisabled: "forbidden",
  InvalidAccessKeyId: "credentials",
  SignatureDoesNotMatch: "credentials",
  ExpiredToken: "credentials",
  InvalidToken: "credentials",
  CREDENTIALS: "credentials",
  QuotaExceeded: "disk_full",
  XMinioStorageFull: "disk_full",
};

/**
 * Maps an S3 error code to a reason of the health checks. Returns the cause of any other error, or the error itself.
 */
function toCheckError(error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const reason = reasonsByCode[code.replace(/^\d+ /, "")];
  if (reason !== undefined) return new CheckFailed(reason);
  return cause ?? error;
}

import type { Config } from "../../config/read-config.ts";
import { AppError } from "../../core/errors/app-error.ts";
import type { Certificates } from "../../core/network/certificate-watch.ts";
import { readEndpointCertificate } from "../../core/network/endpoint-certificate.ts";
import type { Clock } from "../../core/timing/clock.ts";
import type { SpanDescription, Tracer } from "../../core/tracer.ts";
import { type Bucket, createBucket } from "../../features/photos/storage/bucket.ts";
import { createBucketCheck } from "../../features/photos/storage/bucket-check.ts";
import { createBucketCredentials } from "../../features/photos/storage/credentials/bucket-credentials.ts";
import { storeCheck } from "../../kit/checks/service-checks.ts";
import type { Check } from "../../kit/health/check.ts";
import type { Breakers } from "../../kit/resilience/breakers.ts";
import { checksAsTrials, createStoreBreakers } from "./store-breakers.ts";

export type BucketPartsDeps = {
  config: Config;
  clock: Clock;
  breakers: Breakers;
  certificates: Certificates;
  tracer: Tracer;
  addCheck(check: Check): void;
};

/** Creates the client of the bucket, its breakers and its check, which never takes the instance out of rotation. */
export function composeBucket(deps: BucketPartsDeps): Bucket | undefined {
  const { config, clock, breakers, certificates, tracer, addCheck } = deps;
  const settings = config.photos.bucket;
  if (settings === undefined) return undefined;
  const bucket = createBucket(settings, createBucketCredentials(settings), tracer.headers);
  certificates.refreshWith("s3", () => readEndpointCertificate(settings.endpoint), { atOnce: true });
  const check = createBucketCheck({ bucket, now: clock.now });
  const { read, write } = createStoreBreakers(breakers, tracer, { name: "s3", isFailure, onSymptom: check.suspect });
  addCheck(storeCheck("s3", checksAsTrials({ read, write }, check), []));
  return {
    put: (file, signal) => write.run(() => tracer.span(callSpan("PUT"), () => bucket.put(file, signal))),
    get: (name, signal) => read.run(() => tracer.span(callSpan("GET"), () => bucket.get(name, signal))),
    // Deletions run in the background and are retried until they succeed.
    remove: (name) => write.runUncounted(() => bucket.remove(name)),
  };
}

const callSpan = (method: string): SpanDescription => ({
  name: `s3 ${method}`,
  kind: "client",
  attributes: { "rpc.system": "aws-api", "rpc.service": "S3", "http.request.method": method },
});

/** Returns whether the bucket failed. A client that disconnected is not a failure of the bucket. */
const isFailure = (error: unknown): boolean => error instanceof AppError && error.code === "unavailable";

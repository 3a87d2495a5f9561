import { CheckFailed } from "../../core/failure-reason.ts";
import type { Check } from "../health/check.ts";

export type Pinger = { ping(signal: AbortSignal): Promise<void> };

export const postgresCheck = (db: Pinger, critical: boolean): Check => ({
  name: "postgres",
  critical,
  run: (signal) => db.ping(signal),
});

export const redisCheck = (redis: Pinger, critical: boolean): Check => ({
  name: "redis",
  critical,
  run: (signal) => redis.ping(signal),
});

export type SchemaReader = { schemaIsCurrent(signal: AbortSignal): Promise<boolean> };

/** Fails until every migration of this version is applied. Further migrations belong to a newer version and are ignored. */
export const schemaCheck = (schema: SchemaReader, critical: boolean): Check => ({
  name: "schema",
  critical,
  startup: true,
  async run(signal) {
    if (!(await schema.schemaIsCurrent(signal))) throw new CheckFailed("out_of_date");
  },
});

import { CheckFailed } from "../../core/errors/failure-reason.ts";
import type { Check } from "../health/check.ts";

export type Store = { read(signal: AbortSignal): Promise<void>; write(signal: AbortSignal): Promise<void> };

/** Creates the check of a store. `critical` lists the capabilities that take the instance out of rotation. */
export const storeCheck = (name: string, { read, write }: Store, critical: readonly ("read" | "write")[]): Check => ({
  name,
  capabilities: {
    read: { critical: critical.includes("read"), run: read },
    write: { critical: critical.includes("write"), run: write },
  },
});

/**
 * Creates a check of a dependency that only some requests need. Its failure does not take the instance out of rotation.
 */
export const partCheck = (name: string, run: (signal: AbortSignal) => Promise<void>): Check => ({
  name,
  critical: false,
  run,
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

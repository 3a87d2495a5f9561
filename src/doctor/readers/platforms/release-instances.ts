import type { Diagnostics } from "../../diagnostics.ts";
import type { App } from "../../facts/app.ts";
import { count, defined, type Place } from "../../facts/config-values.ts";
import { readCount } from "../read-config-number.ts";
import type { Tree } from "../yaml-tree.ts";

/**
 * Adds the instances of all regions. During a release, the same number of new instances runs beside the old instances.
 */
export function releaseInstances(
  trees: readonly (Tree | undefined)[],
  at: Place,
  origin: string,
  diagnostics: Diagnostics,
): App["replicas"] {
  const name = "instances";
  const counts = trees.map((one) => readCount(one, { name, value: 1, at, origin }, diagnostics));
  const known = defined(counts);
  if (known.length < counts.length) return undefined;
  const value = known.reduce((sum, one) => sum + one.value, 0);
  const first = known.find((one) => one.origin === undefined);
  const instances = count(name, value, first?.at ?? at, first === undefined ? origin : undefined);
  const surge = count(
    "instances of the new version",
    value,
    instances.at,
    "old and new instances run during a release",
  );
  return { min: instances, max: instances, surge };
}

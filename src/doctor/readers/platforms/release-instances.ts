import type { Diagnostics } from "../../diagnostics.ts";
import type { App } from "../../facts/app.ts";
import { count, defined, type Place } from "../../facts/config-values.ts";
import { readCount } from "../read-config-number.ts";
import type { Tree } from "../yaml-tree.ts";

/** Old and new instances run at the same time during a release. The instances of all regions are added. */
export function releaseInstances(
  trees: readonly (Tree | undefined)[],
  at: Place,
  origin: string,
  diagnostics: Diagnostics,
): App["replicas"] {
  const name = "instances";
  const each = trees.map((one) => readCount(one, { name, value: 1, at, origin }, diagnostics));
  const all = defined(each);
  if (all.length < each.length) return undefined;
  const value = all.reduce((sum, one) => sum + one.value, 0);
  const first = all.find((one) => one.origin === undefined);
  const instances = count(name, value, first?.at ?? at, first === undefined ? origin : undefined);
  const surge = count(
    "instances of the new version",
    value,
    instances.at,
    "old and new instances run during a release",
  );
  return { min: instances, max: instances, surge };
}

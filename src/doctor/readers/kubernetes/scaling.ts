import type { Diagnostics } from "../../diagnostics.ts";
import type { App } from "../../facts/app.ts";
import { type ConfigNumber, count } from "../../facts/config-values.ts";
import { readCount } from "../read-config-number.ts";
import { get, number, type Tree, text } from "../yaml-tree.ts";
import { inNamespaceOf, labelSelectorMatches, objectsOfKind, podLabelsOf, type Workload } from "./cluster-objects.ts";
import type { Manifests } from "./manifests.ts";

// How many pods run, and how many may be added or removed at a time.

const origin = "Kubernetes' default";

/** Returns a number, or a percentage of `whole`, rounded up like Kubernetes does. */
export function shareOf(tree: Tree | undefined, whole: number): number | undefined {
  const found = text(tree);
  const share = /^(\d+(?:\.\d+)?)%$/.exec(found ?? "")?.[1];
  return share === undefined ? number(tree) : Math.ceil((Number(share) / 100) * whole);
}

/** Returns the result of `shareOf`, and records a value that is neither a number nor a percentage. */
function readShare(tree: Tree, name: string, whole: number, diagnostics: Diagnostics): number | undefined {
  const value = shareOf(tree, whole);
  if (value === undefined)
    diagnostics.addNote(tree.at, `${name} ${text(tree) ?? ""}: neither a number nor a percentage`);
  return value;
}

type Scaled = Pick<Workload, "object" | "kind" | "name">;

export function autoscalerOf({ kind, name, object }: Scaled, { objects }: Manifests): Tree | undefined {
  return inNamespaceOf(objectsOfKind(objects, "HorizontalPodAutoscaler"), object).find(
    (one) =>
      text(one, "spec", "scaleTargetRef", "name") === name &&
      (text(one, "spec", "scaleTargetRef", "kind") ?? kind) === kind,
  );
}

export const budgetOf = ({ objects }: Manifests, object: Tree): Tree | undefined =>
  inNamespaceOf(objectsOfKind(objects, "PodDisruptionBudget"), object).find((budget) =>
    labelSelectorMatches(get(budget, "spec", "selector"), podLabelsOf(object)),
  );

/** Records disruption budgets whose values are neither a number nor a percentage. */
export function noteBudgets({ objects }: Manifests, diagnostics: Diagnostics): void {
  for (const budget of objectsOfKind(objects, "PodDisruptionBudget")) {
    for (const name of ["minAvailable", "maxUnavailable"]) {
      const found = get(budget, "spec", name);
      if (found !== undefined) readShare(found, name, 1, diagnostics);
    }
  }
}

export function replicasOf(workload: Workload, manifests: Manifests, diagnostics: Diagnostics): App["replicas"] {
  const { object, kind } = workload;
  const spec = get(object, "spec") ?? object;
  const scaler = autoscalerOf(workload, manifests);
  const replicasDefault = { name: "replicas", value: 1, at: spec.at, origin };
  const replicas = readCount(kind === "Pod" ? undefined : get(spec, "replicas"), replicasDefault, diagnostics);
  if (scaler === undefined)
    return { min: replicas, max: replicas, surge: surgeOf(workload, spec, replicas, diagnostics) };
  const bound = (name: string, defaultValue: number): ConfigNumber | undefined =>
    readCount(get(scaler, "spec", name), { name, value: defaultValue, at: scaler.at, origin }, diagnostics);
  const min = bound("minReplicas", 1);
  const max = bound("maxReplicas", min?.value ?? 1);
  return { min, max, surge: surgeOf(workload, spec, max, diagnostics) };
}

function surgeOf(
  { kind }: Workload,
  spec: Tree,
  max: ConfigNumber | undefined,
  diagnostics: Diagnostics,
): ConfigNumber | undefined {
  const at = get(spec, "strategy")?.at ?? spec.at;
  const hasSurge = kind === "Deployment" || kind === "Rollout";
  if (!hasSurge || text(spec, "strategy", "type") === "Recreate")
    return count("maxSurge", 0, at, "none for this update strategy");
  const found = get(spec, "strategy", "rollingUpdate", "maxSurge");
  const value = found === undefined ? undefined : readShare(found, "maxSurge", max?.value ?? 1, diagnostics);
  if (max === undefined || (found !== undefined && value === undefined)) return undefined;
  if (found !== undefined && value !== undefined) return count("maxSurge", value, found.at);
  return count("maxSurge", Math.ceil(max.value / 4), at, "Kubernetes' default, 25 %");
}

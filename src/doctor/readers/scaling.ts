import { type App, count, type Told } from "../facts.ts";
import type { Ledger } from "../source.ts";
import type { Bundle } from "./bundles.ts";
import type { Workload } from "./kubernetes.ts";
import { named, near, podLabelsOf, selectsAll } from "./objects.ts";
import { toldCount } from "./told.ts";
import { get, number, type Tree, text } from "./yaml.ts";

// How many pods there are, and how many may go or come at a time.

const origin = "Kubernetes' default";

/** A number or a percentage of another, rounded as Kubernetes does where it is generous: up. */
export function shareOf(tree: Tree | undefined, whole: number): number | undefined {
  const found = text(tree);
  const share = /^(\d+(?:\.\d+)?)%$/.exec(found ?? "")?.[1];
  return share === undefined ? number(tree) : Math.ceil((Number(share) / 100) * whole);
}

/** The same, noted where it is neither. */
function toldShare(tree: Tree, name: string, whole: number, ledger: Ledger): number | undefined {
  const value = shareOf(tree, whole);
  if (value === undefined) ledger.note(tree.at, `${name} ${text(tree) ?? ""}: neither a number nor a percentage`);
  return value;
}

type Scaled = Pick<Workload, "object" | "kind" | "name">;

export function autoscalerOf({ kind, name, object }: Scaled, { objects }: Bundle): Tree | undefined {
  return near(named(objects, "HorizontalPodAutoscaler"), object).find(
    (one) =>
      text(one, "spec", "scaleTargetRef", "name") === name &&
      (text(one, "spec", "scaleTargetRef", "kind") ?? kind) === kind,
  );
}

export const budgetOf = ({ objects }: Bundle, object: Tree): Tree | undefined =>
  near(named(objects, "PodDisruptionBudget"), object).find((budget) =>
    selectsAll(get(budget, "spec", "selector"), podLabelsOf(object)),
  );

/** Budgets that say neither a number nor a percentage cannot be judged. */
export function noteBudgets({ objects }: Bundle, ledger: Ledger): void {
  for (const budget of named(objects, "PodDisruptionBudget")) {
    for (const name of ["minAvailable", "maxUnavailable"]) {
      const found = get(budget, "spec", name);
      if (found !== undefined) toldShare(found, name, 1, ledger);
    }
  }
}

export function replicasOf(workload: Workload, bundle: Bundle, ledger: Ledger): App["replicas"] {
  const { object, kind } = workload;
  const spec = get(object, "spec") ?? object;
  const scaler = autoscalerOf(workload, bundle);
  const fixed = { name: "replicas", initial: 1, at: spec.at, origin };
  const replicas = toldCount(kind === "Pod" ? undefined : get(spec, "replicas"), fixed, ledger);
  if (scaler === undefined)
    return { least: replicas, most: replicas, surge: surgeOf(workload, spec, replicas, ledger) };
  const bound = (name: string, initial: number): Told | undefined =>
    toldCount(get(scaler, "spec", name), { name, initial, at: scaler.at, origin }, ledger);
  const least = bound("minReplicas", 1);
  const most = bound("maxReplicas", least?.value ?? 1);
  return { least, most, surge: surgeOf(workload, spec, most, ledger) };
}

function surgeOf({ kind }: Workload, spec: Tree, most: Told | undefined, ledger: Ledger): Told | undefined {
  const at = get(spec, "strategy")?.at ?? spec.at;
  const rolls = kind === "Deployment" || kind === "Rollout";
  if (!rolls || text(spec, "strategy", "type") === "Recreate")
    return count("maxSurge", 0, at, "none in this kind of update");
  const found = get(spec, "strategy", "rollingUpdate", "maxSurge");
  const value = found === undefined ? undefined : toldShare(found, "maxSurge", most?.value ?? 1, ledger);
  if (most === undefined || (found !== undefined && value === undefined)) return undefined;
  if (found !== undefined && value !== undefined) return count("maxSurge", value, found.at);
  return count("maxSurge", Math.ceil(most.value / 4), at, "Kubernetes' default, 25 %");
}

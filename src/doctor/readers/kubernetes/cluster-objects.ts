import { get, list, type Tree, text } from "../yaml-tree.ts";

// How Kubernetes objects refer to each other: kinds, namespaces, labels and selectors.

/** A workload that runs pods of the application. `serves` is true where its ports, probes or Services prove it. */
export type Workload = {
  object: Tree;
  pod: Tree;
  container: Tree;
  kind: string;
  name: string;
  serves: boolean;
  /** A Service among the files selects its pods. */
  hasService: boolean;
};

export const objectsOfKind = (objects: readonly Tree[], kind: string, name?: string): Tree[] =>
  objects.filter(
    (object) => text(object, "kind") === kind && (name === undefined || text(object, "metadata", "name") === name),
  );

export const namespaceOf = (object: Tree): string | undefined => text(object, "metadata", "namespace");

/**
 * Returns the objects in the same namespace, followed by those without a namespace. For an object without a namespace,
 * returns all objects.
 */
export function inNamespaceOf(objects: readonly Tree[], object: Tree): Tree[] {
  const namespace = namespaceOf(object);
  const same = objects.filter((one) => namespace !== undefined && namespaceOf(one) === namespace);
  const withoutNamespace = objects.filter((one) => namespace === undefined || namespaceOf(one) === undefined);
  return [...same, ...withoutNamespace];
}

const workloadKinds = /^(?:Deployment|StatefulSet|DaemonSet|ReplicaSet|Rollout)$/;

const templateOf = (object: Tree): Tree | undefined => {
  const kind = text(object, "kind") ?? "";
  if (kind === "Pod") return object;
  return workloadKinds.test(kind) ? get(object, "spec", "template") : undefined;
};

export const podOf = (object: Tree): Tree | undefined => get(templateOf(object), "spec");
export const podLabelsOf = (object: Tree): Tree | undefined => get(templateOf(object), "metadata", "labels");

/** An empty Service selector matches nothing. */
export function serviceSelectorMatches(selector: Tree | undefined, podLabels: Tree | undefined): boolean {
  const requiredLabels = selector?.kind === "map" ? [...selector.entries] : [];
  return requiredLabels.length > 0 && requiredLabels.every(([name, value]) => text(podLabels, name) === text(value));
}

/**
 * Returns whether requests from outside of the cluster reach the pods: their Service has an address, or a route names the
 * Service.
 */
export function isExposed({ object }: Pick<Workload, "object">, objects: readonly Tree[]): boolean {
  const services = inNamespaceOf(objectsOfKind(objects, "Service"), object).filter((service) =>
    serviceSelectorMatches(get(service, "spec", "selector"), podLabelsOf(object)),
  );
  const routes = objects.filter((one) =>
    /^(?:Ingress|HTTPRoute|GRPCRoute|IngressRoute|VirtualService)$/.test(text(one, "kind") ?? ""),
  );
  return services.some((service) => {
    const name = text(service, "metadata", "name") ?? "";
    const hasAddress = /^(?:LoadBalancer|NodePort)$/.test(text(service, "spec", "type") ?? "");
    return hasAddress || routes.some((route) => contains(get(route, "spec"), name));
  });
}

/** Returns whether one of the texts in the tree equals the word. */
function contains(tree: Tree | undefined, word: string): boolean {
  if (tree === undefined) return false;
  if (tree.kind === "scalar") return tree.text === word;
  return (tree.kind === "list" ? tree.items : [...tree.entries.values()]).some((one) => contains(one, word));
}

/** Matches a selector with `matchLabels` and `matchExpressions`. An empty selector matches everything. */
export function labelSelectorMatches(selector: Tree | undefined, podLabels: Tree | undefined): boolean {
  if (selector === undefined) return false;
  const labels = get(selector, "matchLabels");
  if (labels?.kind === "map" && labels.entries.size > 0 && !serviceSelectorMatches(labels, podLabels)) return false;
  return list(selector, "matchExpressions").every((expression) => {
    const value = text(podLabels, text(expression, "key") ?? "");
    const isListed = list(expression, "values").some((one) => text(one) === value);
    switch (text(expression, "operator")) {
      case "In":
        return value !== undefined && isListed;
      case "NotIn":
        return value === undefined || !isListed;
      case "Exists":
        return value !== undefined;
      default:
        return value === undefined;
    }
  });
}

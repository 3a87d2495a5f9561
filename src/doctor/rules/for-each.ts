import type { App } from "../facts/app.ts";
import type { Place } from "../facts/config-values.ts";
import type { Haproxy } from "../readers/haproxy/haproxy.ts";
import type { Workload } from "../readers/kubernetes/cluster-objects.ts";
import type { Kubernetes } from "../readers/kubernetes/kubernetes.ts";
import type { Nginx, Route } from "../readers/nginx/nginx.ts";
import { get } from "../readers/yaml-tree.ts";
import type { Rule, Violation } from "../rule.ts";

// Helpers for rules that check one configuration, route, workload or app at a time.

type Check<Items extends readonly unknown[]> = (...items: Items) => readonly Violation[];

export const eachNginx =
  (check: Check<[Nginx]>): Rule["find"] =>
  ({ nginx }) =>
    nginx.flatMap((one) => check(one));

export const eachRoute = (check: Check<[Route, Nginx]>): Rule["find"] =>
  eachNginx((nginx) => nginx.routes.flatMap((route) => check(route, nginx)));

export const eachHaproxy =
  (check: Check<[Haproxy]>): Rule["find"] =>
  ({ haproxy }) =>
    haproxy.flatMap((one) => check(one));

export const eachCluster =
  (check: Check<[Kubernetes]>): Rule["find"] =>
  ({ kubernetes }) =>
    kubernetes.flatMap((one) => check(one));

export const eachWorkload = (check: Check<[Workload, Kubernetes]>): Rule["find"] =>
  eachCluster((cluster) => cluster.workloads.flatMap((workload) => check(workload, cluster)));

/**
 * Returns the app that was read from a workload. Workloads in different namespaces may have the same name, so the place
 * is compared too.
 */
export const appOf = ({ object, name }: Workload, apps: readonly App[]): App | undefined => {
  const { file, line } = get(object, "metadata", "name")?.at ?? object.at;
  return apps.find((app) => app.name === name && app.at.file === file && app.at.line === line);
};

export const eachPod =
  (check: Check<[App]>): Rule["find"] =>
  ({ apps }) =>
    apps.filter(({ platform }) => platform === "kubernetes").flatMap((app) => check(app));

/** Returns one finding for each file, with the places of all its subjects. */
export function onePerFile<T>(
  subjects: readonly T[],
  placeOf: (subject: T) => Place,
  describe: (subjects: readonly T[]) => Omit<Violation, "places" | "numbers" | "hasSeparatePlaces">,
): Violation[] {
  return [...Map.groupBy(subjects, (subject) => placeOf(subject).file).values()].map((all) => ({
    ...describe(all),
    places: all.map(placeOf),
    hasSeparatePlaces: true,
  }));
}

/** Returns the list as text: at most four names, and the number of the others. */
export function namesText(names: readonly string[]): string {
  const shown = [...new Set(names)];
  const others = shown.length - 4;
  return others > 0 ? `${shown.slice(0, 4).join(", ")} and ${others} more` : shown.join(", ");
}

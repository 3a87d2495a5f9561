import type { App } from "../facts.ts";
import type { Haproxy } from "../readers/haproxy.ts";
import type { Kubernetes, Workload } from "../readers/kubernetes.ts";
import type { Nginx, Route } from "../readers/nginx.ts";
import { get } from "../readers/yaml.ts";
import type { Found, Rule } from "../rule.ts";

// Rules that look at one thing at a time.

type Look<Things extends readonly unknown[]> = (...things: Things) => readonly Found[];

export const eachNginx =
  (look: Look<[Nginx]>): Rule["find"] =>
  ({ nginx }) =>
    nginx.flatMap((one) => look(one));

export const eachRoute = (look: Look<[Route, Nginx]>): Rule["find"] =>
  eachNginx((nginx) => nginx.routes.flatMap((route) => look(route, nginx)));

export const eachHaproxy =
  (look: Look<[Haproxy]>): Rule["find"] =>
  ({ haproxy }) =>
    haproxy.flatMap((one) => look(one));

export const eachCluster =
  (look: Look<[Kubernetes]>): Rule["find"] =>
  ({ kubernetes }) =>
    kubernetes.flatMap((one) => look(one));

export const eachWorkload = (look: Look<[Workload, Kubernetes]>): Rule["find"] =>
  eachCluster((cluster) => cluster.workloads.flatMap((workload) => look(workload, cluster)));

/** What was read out of a workload; others may have the same name in another namespace. */
export const appOf = ({ object, name }: Workload, apps: readonly App[]): App | undefined => {
  const { file, line } = get(object, "metadata", "name")?.at ?? object.at;
  return apps.find((app) => app.name === name && app.at.file === file && app.at.line === line);
};

export const eachPod =
  (look: Look<[App]>): Rule["find"] =>
  ({ apps }) =>
    apps.filter(({ platform }) => platform === "kubernetes").flatMap((app) => look(app));

import type { Diagnostics } from "../../diagnostics.ts";
import { type ConfigNumber, defined, ms, type Place, size } from "../../facts/config-values.ts";
import { emptyLoadBalancer, type LoadBalancer } from "../../facts/load-balancer.ts";
import { bytes, milliseconds } from "../../facts/units.ts";
import { readCount, readSize, readTime } from "../read-config-number.ts";
import { entries, get, list, type Tree, text } from "../yaml-tree.ts";
import { objectsOfKind } from "./cluster-objects.ts";
import { googleBackendLoadBalancer, googleLoadBalancer } from "./google-load-balancer.ts";
import type { Manifests } from "./manifests.ts";

/** Returns the load balancers that the objects of a cluster configure. */
export function loadBalancersOf(manifests: Manifests, diagnostics: Diagnostics): LoadBalancer[] {
  return manifests.objects.flatMap((object) => {
    const kind = text(object, "kind");
    if (kind === "Ingress") return ingressLoadBalancers(object, manifests, diagnostics);
    if (kind === "HTTPRoute") return routeLoadBalancers(object, diagnostics);
    if (kind === "Gateway" && text(object, "spec", "gatewayClassName")?.startsWith("gke-l7"))
      return [googleLoadBalancer(object, get(object, "spec", "gatewayClassName")?.at ?? object.at)];
    return defined([googleBackendLoadBalancer(object, diagnostics)]);
  });
}

const nginxPrefix = "nginx.ingress.kubernetes.io/";
const albPrefix = "alb.ingress.kubernetes.io/";

/** Returns the ingress controller, by the class or by annotations that only one controller reads. */
export function controllerOf(object: Tree): "nginx" | "alb" | "gce" | undefined {
  const names = entries(object, "metadata", "annotations").map(([name]) => name);
  const className =
    text(object, "spec", "ingressClassName") ?? text(object, "metadata", "annotations", "kubernetes.io/ingress.class");
  if (className === "alb" || names.some((name) => name.startsWith(albPrefix))) return "alb";
  if (className === "gce" || className === "gce-internal") return "gce";
  if (className?.includes("nginx") || names.some((name) => name.startsWith(nginxPrefix))) return "nginx";
  return undefined;
}

export const annotation = (object: Tree, name: string): Tree | undefined =>
  get(object, "metadata", "annotations", name);

function ingressLoadBalancers(object: Tree, manifests: Manifests, diagnostics: Diagnostics): LoadBalancer[] {
  const controller = controllerOf(object);
  const at = get(object, "metadata", "name")?.at ?? object.at;
  if (controller === undefined) {
    const name = text(object, "spec", "ingressClassName");
    diagnostics.addNote(
      at,
      `Ingress: ${name === undefined ? "it has no class" : `the class ${name} is unknown`}, so its timeouts are not compared`,
    );
    return [];
  }
  if (controller === "gce") return [googleLoadBalancer(object, at)];
  return [
    controller === "alb" ? albIngress(object, at, diagnostics) : nginxIngress(object, at, manifests, diagnostics),
  ];
}

function nginxIngress(object: Tree, at: Place, { objects }: Manifests, diagnostics: Diagnostics): LoadBalancer {
  const settings = objectsOfKind(objects, "ConfigMap").filter((one) =>
    /ingress-nginx|nginx-(?:configuration|ingress)/.test(text(one, "metadata", "name") ?? ""),
  );
  const origin = "ingress-nginx's default";
  const find = (name: string) =>
    annotation(object, nginxPrefix + name) ??
    settings.map((one) => get(one, "data", name)).find((one) => one !== undefined);
  const seconds = (name: string, defaultValue: number): ConfigNumber | undefined =>
    readTime(find(name), { name, value: defaultValue * 1000, at, origin }, diagnostics);
  const count = (name: string, defaultValue: number): ConfigNumber | undefined =>
    readCount(find(name), { name, value: defaultValue, at, origin }, diagnostics);
  const [connectTimeout, attempts] = [seconds("proxy-connect-timeout", 5), count("proxy-next-upstream-tries", 3)];
  const totalTimeout = seconds("proxy-next-upstream-timeout", 0);
  const isRetryEnabled =
    text(find("proxy-next-upstream")) !== "off" && connectTimeout !== undefined && attempts !== undefined;
  const bodySize = find("proxy-body-size");
  const defaultBodySize = size("proxy-body-size", 1024 ** 2, at, origin);
  return {
    ...emptyLoadBalancer,
    name: "ingress-nginx",
    kind: "ingress-nginx",
    at,
    idleTimeouts: defined([seconds("upstream-keepalive-timeout", 60)]),
    readTimeouts: defined([seconds("proxy-read-timeout", 60)]),
    retryLimits:
      !isRetryEnabled || attempts.value === 0 || totalTimeout === undefined
        ? []
        : [{ connectTimeout, attempts, totalTimeout: totalTimeout.value === 0 ? undefined : totalTimeout }],
    maxBodySizes: defined([
      bodySize === undefined ? defaultBodySize : readSize(bodySize, "proxy-body-size", bytes, diagnostics),
    ]),
  };
}

function albIngress(object: Tree, at: Place, diagnostics: Diagnostics): LoadBalancer {
  const attributes = (name: string) => {
    const found = annotation(object, albPrefix + name);
    return {
      at: found?.at,
      pairs: new Map(
        (text(found) ?? "")
          .split(",")
          .map((pair) => [pair.split("=")[0]?.trim() ?? "", pair.split("=")[1]?.trim() ?? ""]),
      ),
    };
  };
  const balancer = attributes("load-balancer-attributes");
  const group = attributes("target-group-attributes");
  const seconds = (from: typeof balancer, key: string, defaultValue: number): ConfigNumber | undefined => {
    const written = from.pairs.get(key);
    if (written === undefined) return ms(key, defaultValue * 1000, from.at ?? at, "AWS's default");
    if (/^\d+$/.test(written)) return ms(key, Number(written) * 1000, from.at ?? at);
    diagnostics.addNote(from.at ?? at, `${key}=${written}: not a number of seconds`);
    return undefined;
  };
  const count = (name: string, defaultValue: number): ConfigNumber | undefined =>
    readCount(
      annotation(object, albPrefix + name),
      { name, value: defaultValue, at, origin: "the controller's default" },
      diagnostics,
    );
  const secondsAsMs = (one: ConfigNumber | undefined): ConfigNumber | undefined =>
    one && { ...one, value: one.value * 1000, unit: "ms" };
  const interval = secondsAsMs(count("healthcheck-interval-seconds", 15));
  const timeout = secondsAsMs(count("healthcheck-timeout-seconds", 5));
  const path = annotation(object, `${albPrefix}healthcheck-path`);
  const idle = seconds(balancer, "idle_timeout.timeout_seconds", 60);
  return {
    ...emptyLoadBalancer,
    name: "the ALB",
    kind: "alb",
    at,
    idleTimeouts: defined([idle]),
    readTimeouts: defined([idle]),
    checks: [
      {
        name: "the ALB's health check",
        purpose: "ready",
        at: path?.at ?? at,
        path: { name: "healthcheck-path", text: text(path) ?? "/", at: path?.at ?? at },
        hasUnknownRequest: false,
        timeout,
        interval,
      },
    ],
    drainTimeouts: defined([seconds(group, "deregistration_delay.timeout_seconds", 300)]),
  };
}

/** Returns the timeouts of the rules of an HTTPRoute. A rule without timeouts has no known limit. */
function routeLoadBalancers(object: Tree, diagnostics: Diagnostics): LoadBalancer[] {
  const readTimeouts = list(object, "spec", "rules").flatMap((rule) =>
    ["request", "backendRequest"].flatMap((name) => {
      const found = get(rule, "timeouts", name);
      if (found === undefined) return [];
      const value = milliseconds(text(found) ?? "", "s");
      if (value === undefined) diagnostics.addNote(found.at, `timeouts.${name} ${text(found) ?? ""}: not a time`);
      return value === undefined ? [] : [ms(`timeouts.${name}`, value, found.at)];
    }),
  );
  const at = get(object, "metadata", "name")?.at ?? object.at;
  return readTimeouts.length === 0
    ? []
    : [{ ...emptyLoadBalancer, name: "the HTTPRoute", kind: "route", at, readTimeouts }];
}

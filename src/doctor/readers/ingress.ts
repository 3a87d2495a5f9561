import { type Front, known, ms, type Notice, nothingKnown, type Place, size, type Told } from "../facts.ts";
import type { Ledger } from "../source.ts";
import { bytes, milliseconds } from "../units.ts";
import type { Bundle } from "./bundles.ts";
import { googleBackend, googleFront } from "./google.ts";
import { albNotice } from "./load-balancer.ts";
import { named } from "./objects.ts";
import { toldCount, toldSize, toldTime } from "./told.ts";
import { entries, get, list, type Tree, text } from "./yaml.ts";

/** The ways into a cluster that its objects describe. */
export function frontsOf(bundle: Bundle, ledger: Ledger): Front[] {
  return bundle.objects.flatMap((object) => {
    const kind = text(object, "kind");
    if (kind === "Ingress") return ingress(object, bundle, ledger);
    if (kind === "HTTPRoute") return route(object, ledger);
    if (kind === "Gateway" && text(object, "spec", "gatewayClassName")?.startsWith("gke-l7"))
      return [googleFront(object, get(object, "spec", "gatewayClassName")?.at ?? object.at)];
    return known([googleBackend(object, ledger)]);
  });
}

const nginxPrefix = "nginx.ingress.kubernetes.io/";
const albPrefix = "alb.ingress.kubernetes.io/";

/** By its class, else by the annotations that only one controller reads. */
export function controllerOf(object: Tree): "nginx" | "alb" | "gce" | undefined {
  const names = entries(object, "metadata", "annotations").map(([name]) => name);
  const named =
    text(object, "spec", "ingressClassName") ?? text(object, "metadata", "annotations", "kubernetes.io/ingress.class");
  if (named === "alb" || names.some((name) => name.startsWith(albPrefix))) return "alb";
  if (named === "gce" || named === "gce-internal") return "gce";
  if (named?.includes("nginx") || names.some((name) => name.startsWith(nginxPrefix))) return "nginx";
  return undefined;
}

export const annotation = (object: Tree, name: string): Tree | undefined =>
  get(object, "metadata", "annotations", name);

function ingress(object: Tree, bundle: Bundle, ledger: Ledger): Front[] {
  const controller = controllerOf(object);
  const at = get(object, "metadata", "name")?.at ?? object.at;
  if (controller === undefined) {
    const name = text(object, "spec", "ingressClassName");
    ledger.note(
      at,
      `Ingress: ${name === undefined ? "no class is named" : `of the class ${name} nothing is known`}, so its times are not compared`,
    );
    return [];
  }
  if (controller === "gce") return [googleFront(object, at)];
  return [controller === "alb" ? albIngress(object, at, ledger) : nginxIngress(object, at, bundle, ledger)];
}

function nginxIngress(object: Tree, at: Place, { objects }: Bundle, ledger: Ledger): Front {
  const settings = named(objects, "ConfigMap").filter((one) =>
    /ingress-nginx|nginx-(?:configuration|ingress)/.test(text(one, "metadata", "name") ?? ""),
  );
  const origin = "ingress-nginx's default";
  const find = (name: string) =>
    annotation(object, nginxPrefix + name) ??
    settings.map((one) => get(one, "data", name)).find((one) => one !== undefined);
  const seconds = (name: string, initial: number): Told | undefined =>
    toldTime(find(name), { name, initial: initial * 1000, at, origin }, ledger);
  const whole = (name: string, initial: number): Told | undefined =>
    toldCount(find(name), { name, initial, at, origin }, ledger);
  const [connect, tries] = [seconds("proxy-connect-timeout", 5), whole("proxy-next-upstream-tries", 3)];
  const total = seconds("proxy-next-upstream-timeout", 0);
  const retries = text(find("proxy-next-upstream")) !== "off" && connect !== undefined && tries !== undefined;
  const body = find("proxy-body-size");
  const missing = size("proxy-body-size", 1024 ** 2, at, origin);
  return {
    ...nothingKnown,
    name: "ingress-nginx",
    kind: "ingress-nginx",
    at,
    idle: known([seconds("upstream-keepalive-timeout", 60)]),
    reads: known([seconds("proxy-read-timeout", 60)]),
    attempts:
      !retries || tries.value === 0 || total === undefined
        ? []
        : [{ connect, tries, total: total.value === 0 ? undefined : total }],
    bodies: known([body === undefined ? missing : toldSize(body, "proxy-body-size", bytes, ledger)]),
  };
}

function albIngress(object: Tree, at: Place, ledger: Ledger): Front {
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
  const seconds = (from: typeof balancer, key: string, initial: number): Told | undefined => {
    const written = from.pairs.get(key);
    if (written === undefined) return ms(key, initial * 1000, from.at ?? at, "AWS's default");
    if (/^\d+$/.test(written)) return ms(key, Number(written) * 1000, from.at ?? at);
    ledger.note(from.at ?? at, `${key}=${written}: not a number of seconds`);
    return undefined;
  };
  const whole = (name: string, initial: number): Told | undefined =>
    toldCount(annotation(object, albPrefix + name), { name, initial, at, origin: "the controller's default" }, ledger);
  const asTime = (one: Told | undefined): Told | undefined => one && { ...one, value: one.value * 1000, unit: "ms" };
  const interval = asTime(whole("healthcheck-interval-seconds", 15));
  const timeout = asTime(whole("healthcheck-timeout-seconds", 5));
  const unhealthy = whole("unhealthy-threshold-count", 2);
  const path = annotation(object, `${albPrefix}healthcheck-path`);
  const idle = seconds(balancer, "idle_timeout.timeout_seconds", 60);
  // The controller deregisters a pod that leaves as well, so a slow check alone is no outage.
  const notices: Notice[] = known([albNotice(interval, unhealthy, timeout, "warning")]);
  return {
    ...nothingKnown,
    name: "the ALB",
    kind: "alb",
    at,
    idle: known([idle]),
    reads: known([idle]),
    notices,
    checks: [
      {
        name: "the ALB's health check",
        purpose: "ready",
        at: path?.at ?? at,
        path: { name: "healthcheck-path", text: text(path) ?? "/", at: path?.at ?? at },
        opaque: false,
        timeout,
        interval,
      },
    ],
    releases: known([seconds(group, "deregistration_delay.timeout_seconds", 300)]),
  };
}

/** Each rule of a route may have deadlines; one without has none that is known. A stream must have none. */
function route(object: Tree, ledger: Ledger): Front[] {
  const reads = list(object, "spec", "rules").flatMap((rule) =>
    ["request", "backendRequest"].flatMap((name) => {
      const found = get(rule, "timeouts", name);
      if (found === undefined) return [];
      const value = milliseconds(text(found) ?? "", "s");
      if (value === undefined) ledger.note(found.at, `timeouts.${name} ${text(found) ?? ""}: not a time`);
      return value === undefined ? [] : [ms(`timeouts.${name}`, value, found.at)];
    }),
  );
  const at = get(object, "metadata", "name")?.at ?? object.at;
  return reads.length === 0 ? [] : [{ ...nothingKnown, name: "the HTTPRoute", kind: "route", at, reads }];
}

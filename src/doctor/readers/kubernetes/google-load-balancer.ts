import type { Diagnostics } from "../../diagnostics.ts";
import type { Probe } from "../../facts/app.ts";
import { type ConfigNumber, defined, ms, type Place } from "../../facts/config-values.ts";
import { emptyLoadBalancer, type LoadBalancer } from "../../facts/load-balancer.ts";
import { readSeconds } from "../read-config-number.ts";
import { get, type Tree, text } from "../yaml-tree.ts";

// Google Cloud load balancers that Kubernetes objects configure.

const origin = "Google Cloud's default";

const idleOf = (at: Place): ConfigNumber =>
  ms("idle timeout of Google's load balancer", 600_000, at, "fixed by Google Cloud");

export const googleLoadBalancer = (object: Tree, at: Place): LoadBalancer => ({
  ...emptyLoadBalancer,
  name: `Google's load balancer (${text(object, "kind")} ${text(object, "metadata", "name") ?? ""})`,
  kind: "gcp",
  at,
  idleTimeouts: [idleOf(at)],
});

/** Returns the backend settings in a BackendConfig (Ingress) or a GCPBackendPolicy (Gateway). */
export const backendOf = (object: Tree): Tree | undefined => {
  if (text(object, "kind") === "BackendConfig") return get(object, "spec");
  return text(object, "kind") === "GCPBackendPolicy" ? get(object, "spec", "default") : undefined;
};

/** Returns undefined for objects of other kinds. */
export function googleBackendLoadBalancer(object: Tree, diagnostics: Diagnostics): LoadBalancer | undefined {
  const kind = text(object, "kind");
  if (kind === "HealthCheckPolicy") {
    const policy = get(object, "spec", "default");
    const path = get(policy, "config", "httpHealthCheck", "requestPath");
    if (policy === undefined || path === undefined) return undefined;
    return { ...googleLoadBalancer(object, policy.at), idleTimeouts: [], checks: [checkOf(policy, path, diagnostics)] };
  }
  if (kind !== "BackendConfig" && kind !== "GCPBackendPolicy") return undefined;
  const spec = backendOf(object);
  const at = spec?.at ?? object.at;
  const seconds = (name: string, defaultValue: number, ...path: readonly string[]): ConfigNumber | undefined =>
    readSeconds(get(spec, ...path), { name, value: defaultValue * 1000, at, origin }, diagnostics);
  const check = get(spec, "healthCheck");
  const path = get(check, "requestPath");
  return {
    ...emptyLoadBalancer,
    name: `Google's load balancer (${kind})`,
    kind: "gcp",
    at,
    idleTimeouts: [idleOf(at)],
    readTimeouts: defined([seconds("timeoutSec", 30, "timeoutSec")]),
    checks: check === undefined || path === undefined ? [] : [checkOf(check, path, diagnostics)],
    drainTimeouts: defined([seconds("drainingTimeoutSec", 0, "connectionDraining", "drainingTimeoutSec")]),
  };
}

function checkOf(check: Tree, path: Tree, diagnostics: Diagnostics): Probe {
  const seconds = (name: string): ConfigNumber | undefined =>
    readSeconds(get(check, name), { name, value: 5000, at: check.at, origin }, diagnostics);
  return {
    name: "Google's health check",
    purpose: "ready",
    at: check.at,
    path: { name: "requestPath", text: text(path) ?? "/", at: path.at },
    hasUnknownRequest: false,
    timeout: seconds("timeoutSec"),
    interval: seconds("checkIntervalSec"),
    timeoutMayEqualInterval: true,
  };
}

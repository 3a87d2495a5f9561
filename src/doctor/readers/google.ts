import { type Front, ms, nothingKnown, type Place, type Prober, type Told } from "../facts.ts";
import { get, number, type Tree, text } from "./yaml.ts";

// Google's load balancers, as objects of a cluster describe them.

const googleDefault = "Google Cloud's default";

const idleOf = (at: Place): Told => ms("idle timeout of Google's load balancer", 600_000, at, "fixed by Google Cloud");

export const googleFront = (object: Tree, at: Place): Front => ({
  ...nothingKnown,
  name: `Google's load balancer (${text(object, "kind")} ${text(object, "metadata", "name") ?? ""})`,
  kind: "gcp",
  at,
  idle: [idleOf(at)],
});

/** The part of a BackendConfig (Ingress) or of a GCPBackendPolicy (Gateway) that says how a Service is served. */
export const backendOf = (object: Tree): Tree | undefined => {
  if (text(object, "kind") === "BackendConfig") return get(object, "spec");
  return text(object, "kind") === "GCPBackendPolicy" ? get(object, "spec", "default") : undefined;
};

/** Undefined for an object of another kind. */
export function googleBackend(object: Tree): Front | undefined {
  const kind = text(object, "kind");
  if (kind === "HealthCheckPolicy") {
    const policy = get(object, "spec", "default");
    const path = get(policy, "config", "httpHealthCheck", "requestPath");
    if (policy === undefined || path === undefined) return undefined;
    return { ...googleFront(object, policy.at), idle: [], checks: [checkOf(policy, path)] };
  }
  if (kind !== "BackendConfig" && kind !== "GCPBackendPolicy") return undefined;
  const spec = backendOf(object);
  const at = spec?.at ?? object.at;
  const seconds = (name: string, initial: number, ...path: readonly string[]): Told => {
    const found = get(spec, ...path);
    const value = number(found);
    return value !== undefined && found !== undefined
      ? ms(name, value * 1000, found.at)
      : ms(name, initial * 1000, at, googleDefault);
  };
  const check = get(spec, "healthCheck");
  const path = get(check, "requestPath");
  return {
    ...nothingKnown,
    name: `Google's load balancer (${kind})`,
    kind: "gcp",
    at,
    idle: [idleOf(at)],
    reads: [seconds("timeoutSec", 30, "timeoutSec")],
    checks: check === undefined || path === undefined ? [] : [checkOf(check, path)],
    releases: [seconds("drainingTimeoutSec", 0, "connectionDraining", "drainingTimeoutSec")],
  };
}

function checkOf(check: Tree, path: Tree): Prober {
  const seconds = (name: string): Told => {
    const found = get(check, name);
    const value = number(found);
    return found === undefined || value === undefined
      ? ms(name, 5000, check.at, googleDefault)
      : ms(name, value * 1000, found.at);
  };
  return {
    name: "Google's health check",
    purpose: "ready",
    at: check.at,
    path: { name: "requestPath", text: text(path) ?? "/", at: path.at },
    opaque: false,
    timeout: seconds("timeoutSec"),
    interval: seconds("checkIntervalSec"),
    pauses: true,
  };
}

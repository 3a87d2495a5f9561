import { type Front, known, ms, nothingKnown, type Place, type Prober, type Told } from "../facts.ts";
import type { Ledger } from "../source.ts";
import { toldSeconds } from "./told.ts";
import { get, type Tree, text } from "./yaml.ts";

// Google's load balancers, as objects of a cluster describe them.

const origin = "Google Cloud's default";

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
export function googleBackend(object: Tree, ledger: Ledger): Front | undefined {
  const kind = text(object, "kind");
  if (kind === "HealthCheckPolicy") {
    const policy = get(object, "spec", "default");
    const path = get(policy, "config", "httpHealthCheck", "requestPath");
    if (policy === undefined || path === undefined) return undefined;
    return { ...googleFront(object, policy.at), idle: [], checks: [checkOf(policy, path, ledger)] };
  }
  if (kind !== "BackendConfig" && kind !== "GCPBackendPolicy") return undefined;
  const spec = backendOf(object);
  const at = spec?.at ?? object.at;
  const seconds = (name: string, initial: number, ...path: readonly string[]): Told | undefined =>
    toldSeconds(get(spec, ...path), { name, initial: initial * 1000, at, origin }, ledger);
  const check = get(spec, "healthCheck");
  const path = get(check, "requestPath");
  return {
    ...nothingKnown,
    name: `Google's load balancer (${kind})`,
    kind: "gcp",
    at,
    idle: [idleOf(at)],
    reads: known([seconds("timeoutSec", 30, "timeoutSec")]),
    checks: check === undefined || path === undefined ? [] : [checkOf(check, path, ledger)],
    releases: known([seconds("drainingTimeoutSec", 0, "connectionDraining", "drainingTimeoutSec")]),
  };
}

function checkOf(check: Tree, path: Tree, ledger: Ledger): Prober {
  const seconds = (name: string): Told | undefined =>
    toldSeconds(get(check, name), { name, initial: 5000, at: check.at, origin }, ledger);
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

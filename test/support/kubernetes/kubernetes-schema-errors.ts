import { HTTPRoute } from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute";
import { PrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule";
import { ServiceMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor";
import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { StatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import { HorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import { Job } from "kubernetes-models/batch/v1/Job";
import { Ingress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import { PriorityClass } from "kubernetes-models/scheduling.k8s.io/v1/PriorityClass";
import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { Namespace } from "kubernetes-models/v1/Namespace";
import { Secret } from "kubernetes-models/v1/Secret";
import { Service } from "kubernetes-models/v1/Service";
import { ServiceAccount } from "kubernetes-models/v1/ServiceAccount";

const models = [
  ConfigMap,
  Deployment,
  HTTPRoute,
  HorizontalPodAutoscaler,
  Ingress,
  Job,
  Namespace,
  NetworkPolicy,
  PodDisruptionBudget,
  PriorityClass,
  PrometheusRule,
  Secret,
  Service,
  ServiceAccount,
  ServiceMonitor,
  StatefulSet,
];

const nameOf = ({ apiVersion, kind }: { apiVersion: string; kind: string }) => `${apiVersion} ${kind}`;
const byName = new Map(models.map((model) => [nameOf(model), model]));

/**
 * Returns the errors of an object against the schema of its kind: fields that are missing, of a wrong type, or unknown.
 * The validators ignore unknown fields, but they read every field of the schema. A field that a validator did not read is
 * therefore unknown.
 */
export function schemaErrorsOf(object: { apiVersion: string; kind: string }): string[] {
  const model = byName.get(nameOf(object));
  if (model === undefined) return [`${nameOf(object)} has no schema in this file`];
  const tracked = trackReads(object, "");
  try {
    Reflect.apply(model.prototype.validate, tracked.value, []);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
  return tracked.unread().map((path) => `${path} is unknown`);
}

type TrackedReads = { value: object; unread(): string[] };

function trackReads(target: object, path: string): TrackedReads {
  const read = new Set<string>();
  const children = new Map<string, TrackedReads>();
  const value = new Proxy(target, {
    get(_, key) {
      const found: unknown = Reflect.get(target, key);
      if (typeof key === "symbol" || !Object.hasOwn(target, key)) return found;
      read.add(key);
      if (typeof found !== "object" || found === null) return found;
      const known = children.get(key) ?? trackReads(found, `${path}/${key}`);
      children.set(key, known);
      return known.value;
    },
  });
  const unread = () => [
    ...Object.keys(target)
      .filter((key) => !read.has(key))
      .map((key) => `${path}/${key}`),
    ...[...children.values()].flatMap((one) => one.unread()),
  ];
  return { value, unread };
}

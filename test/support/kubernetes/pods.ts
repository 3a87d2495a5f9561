import { z } from "zod";
import { readConfig } from "../../../src/config/read-config.ts";
import type { ClusterObject } from "./kustomize.ts";

// The fields of a pod that tests read, with types; kubernetes-schema-errors.ts checks the complete object.

const probe = z.looseObject({
  httpGet: z.looseObject({ path: z.string(), port: z.union([z.string(), z.number()]) }),
  periodSeconds: z.number(),
  timeoutSeconds: z.number(),
  failureThreshold: z.number(),
});

const variable = z.looseObject({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z.looseObject({}).optional(),
});

const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).optional(),
  ports: z.array(z.looseObject({ name: z.string(), containerPort: z.number() })).default([]),
  env: z.array(variable).default([]),
  envFrom: z
    .array(
      z.looseObject({
        configMapRef: z.looseObject({ name: z.string() }).optional(),
        secretRef: z.looseObject({ name: z.string() }).optional(),
      }),
    )
    .default([]),
  resources: z.looseObject({ requests: z.record(z.string(), z.string()), limits: z.record(z.string(), z.string()) }),
  securityContext: z.looseObject({}),
  volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })).default([]),
});

const podSpec = z.looseObject({
  containers: z.tuple([container]),
  initContainers: z.never().optional(),
  securityContext: z.looseObject({}),
  volumes: z
    .array(z.looseObject({ name: z.string(), secret: z.looseObject({ secretName: z.string() }).optional() }))
    .default([]),
  terminationGracePeriodSeconds: z.number().default(30),
  serviceAccountName: z.string().optional(),
  automountServiceAccountToken: z.boolean().optional(),
  enableServiceLinks: z.boolean().optional(),
});

const workload = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({
      metadata: z.looseObject({ labels: z.record(z.string(), z.string()) }),
      spec: podSpec,
    }),
  }),
});

const havenDeployment = z.looseObject({
  spec: z.looseObject({
    replicas: z.never().optional(),
    minReadySeconds: z.number(),
    progressDeadlineSeconds: z.number(),
    strategy: z.looseObject({ rollingUpdate: z.looseObject({ maxSurge: z.number(), maxUnavailable: z.number() }) }),
    template: z.looseObject({
      spec: z.looseObject({
        containers: z.tuple([z.looseObject({ startupProbe: probe, readinessProbe: probe, livenessProbe: probe })]),
      }),
    }),
  }),
});

export function find(objects: readonly ClusterObject[], kind: string, name: string | RegExp): ClusterObject {
  const found = objects.filter(
    (object) =>
      object.kind === kind &&
      (typeof name === "string" ? object.metadata.name === name : name.test(object.metadata.name)),
  );
  const [object] = found;
  if (object === undefined || found.length > 1) throw new Error(`${found.length} objects are a ${kind} ${name}`);
  return object;
}

const workloads = new Set(["Deployment", "StatefulSet", "Job"]);

/** Returns the pods of all objects that create pods. */
export const podsOf = (objects: readonly ClusterObject[]) =>
  objects
    .filter(({ kind }) => workloads.has(kind))
    .map((object) => {
      const { template } = workload.parse(object).spec;
      const [container] = template.spec.containers;
      return { name: object.metadata.name, labels: template.metadata.labels, ...template.spec, container };
    });

export type Pod = ReturnType<typeof podsOf>[number];

export function havenPod(objects: readonly ClusterObject[]): Pod {
  const [pod, ...more] = podsOf(objects).filter(({ name }) => name === "haven-api-deployment");
  if (pod === undefined || more.length > 0) throw new Error("expected exactly one haven-api-deployment");
  return pod;
}

/** Returns the rollout settings and the probes of the Deployment. */
export function rollout(objects: readonly ClusterObject[]) {
  const { spec } = havenDeployment.parse(find(objects, "Deployment", "haven-api-deployment"));
  const [{ startupProbe, readinessProbe, livenessProbe }] = spec.template.spec.containers;
  return {
    ...spec.strategy.rollingUpdate,
    minReadySeconds: spec.minReadySeconds,
    progressDeadlineSeconds: spec.progressDeadlineSeconds,
    probes: { startup: startupProbe, ready: readinessProbe, live: livenessProbe },
  };
}

/** A range of addresses for the pods of a gateway, in place of FILL-IN values. */
export const gatewayRange = "10.97.0.0/24";

/** The values of a valid secret. */
export const sampleSecrets = {
  DATABASE_URL: "postgres://haven:pw@db.internal:5432/haven",
  REDIS_URL: "rediss://:pw@cache.internal:6379",
  JWT_SECRET: "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c",
};

/** Returns the secrets that a pod reads from files, by the name of the setting. */
export function secretFilesOf({ container, volumes }: Pod): Record<string, { secret: string; key: string }> {
  const found: Record<string, { secret: string; key: string }> = {};
  for (const { name, value = "" } of container.env) {
    const mount = container.volumeMounts.find(({ mountPath }) => value.startsWith(`${mountPath}/`));
    const secret = volumes.find((volume) => volume.name === mount?.name)?.secret?.secretName;
    if (mount === undefined || secret === undefined || !name.endsWith("_FILE")) continue;
    found[name.replace(/_FILE$/, "")] = { secret, key: value.slice(mount.mountPath.length + 1) };
  }
  return found;
}

/** Returns the environment variables with which a pod would run. */
export function environmentOf(pod: Pod, objects: readonly ClusterObject[]): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const { configMapRef, secretRef } of pod.container.envFrom) {
    if (configMapRef) {
      const { data } = z
        .looseObject({ data: z.record(z.string(), z.string()) })
        .parse(find(objects, "ConfigMap", configMapRef.name));
      Object.assign(environment, data);
    }
    if (secretRef?.name === "haven-api-secret") Object.assign(environment, sampleSecrets);
  }
  const files = secretFilesOf(pod);
  for (const { name, value } of pod.container.env) {
    if (!Object.hasOwn(files, name.replace(/_FILE$/, ""))) environment[name] = value ?? `${name}-from-elsewhere`;
  }
  const secretValues: Readonly<Record<string, string>> = sampleSecrets;
  for (const [name, { key }] of Object.entries(files)) environment[name] = secretValues[key] ?? "";
  // Users replace the values that begin with FILL-IN.
  if (environment["TRUST_PROXY"]?.startsWith("FILL-IN")) environment["TRUST_PROXY"] = gatewayRange;
  return environment;
}

export const configOf = (objects: readonly ClusterObject[]) => readConfig(environmentOf(havenPod(objects), objects));

import { formatNumber, ms } from "../../facts/config-values.ts";
import { isExposed } from "../../readers/kubernetes/cluster-objects.ts";
import { get } from "../../readers/yaml-tree.ts";
import type { Rule } from "../../rule.ts";
import { pod, podService, ready, startup } from "../example-files.ts";
import { eachPod, eachWorkload } from "../for-each.ts";
import { isLivenessPath, isReadinessPath } from "../probe-paths.ts";

/** Returns whether the path is named like a readiness check, which nearly always fails while a dependency is down. */
const isReadinessName = (path: string): boolean =>
  /(?:^|\/)(?:ready|readyz|readiness)\/?$|\/actuator\/health\/?$/.test(path);

/** Most servers start within this time, so a liveness probe that first restarts a pod after this time does no harm. */
const enoughForStartMs = 60_000;

export const kubernetesProbeRules: readonly Rule[] = [
  {
    id: "trap-kubernetes-no-startup-probe",
    severity: "warning",
    title: "The liveness probe restarts a pod that starts slowly",
    impact:
      "The liveness probe cannot distinguish a starting pod from a stuck one: during a slow migration, a pull of a large cache or a CPU shortage it restarts pods again and again.",
    condition:
      "A pod with a liveness probe has a startup probe, or the liveness probe has an `initialDelaySeconds` or leaves at least 60 s (`periodSeconds` · `failureThreshold`)",
    fix: "Write startupProbe: { httpGet: { path: /startup, port: http }, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 130 }.",
    example: {
      kind: "kubernetes",
      broken: pod(`${ready}\n          livenessProbe: { httpGet: { path: /alive, port: 4000 } }`),
      fixed: pod(`${ready}\n          ${startup}\n          livenessProbe: { httpGet: { path: /alive, port: 4000 } }`),
    },
    find: eachPod(({ name, probes }) => {
      const live = probes.find(({ purpose }) => purpose === "live");
      if (live === undefined || probes.some(({ purpose }) => purpose === "startup")) return [];
      const { initialDelay, interval, failures } = live;
      if (initialDelay === undefined || interval === undefined || failures === undefined) return [];
      const allowedMs = interval.value * failures.value;
      if (initialDelay.value > 0 || allowedMs >= enoughForStartMs) return [];
      return [
        {
          numbers: [initialDelay, interval, failures],
          message: `${name}: the liveness probe restarts a container that does not respond ${formatNumber(ms("", allowedMs, live.at))} after its start, and there is no startup probe.`,
        },
      ];
    }),
  },
  {
    id: "trap-kubernetes-no-readiness-probe",
    severity: "error",
    title: "A pod gets requests before it can answer them",
    impact:
      "Without a readiness probe a pod is ready as soon as its process runs: users get 502 at every release, and a pod without its database stays in rotation.",
    condition:
      "The application's container has a readinessProbe. A missing probe is an error if a Service with an address, an Ingress or a route leads to the pods, and a warning if they only have a Service inside of the cluster, ports or another probe",
    fix: "Write readinessProbe: { httpGet: { path: /ready, port: http }, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2 }.",
    example: { kind: "kubernetes", broken: `${pod("")}---\n${podService}`, fixed: `${pod(ready)}---\n${podService}` },
    find: eachWorkload((workload, { manifests }) => {
      const { object, container, kind, name, serves } = workload;
      if (!serves || get(container, "readinessProbe") !== undefined) return [];
      // A Pod without a controller is often only a test, and a Service inside of the cluster may have no callers.
      const isCertain = kind !== "Pod" && isExposed(workload, manifests.objects);
      return [
        {
          places: [get(object, "metadata", "name")?.at ?? object.at],
          message: `${name} has no readiness probe.`,
          ...(!isCertain && { confidence: "medium" }),
        },
      ];
    }),
  },
  {
    id: "trap-liveness-asks-dependencies",
    severity: "error",
    title: "A database outage restarts every instance",
    impact:
      "The liveness probe depends on other services: while Postgres is down all pods are restarted again and again, and the outage continues after Postgres has recovered.",
    condition:
      "The liveness probe requests a path that depends on no other service. Haven: `/alive`, and another path than the readiness probe. Other applications: not a path named after readiness (`/ready`, `/readyz`), and not `/actuator/health`, which contains the database",
    fix: "Change the path of the liveness probe to /alive.",
    example: {
      kind: "kubernetes",
      broken: pod(`${ready}\n          ${startup}\n          livenessProbe: { httpGet: { path: /ready, port: 4000 } }`),
      fixed: pod(`${ready}\n          ${startup}\n          livenessProbe: { httpGet: { path: /alive, port: 4000 } }`),
    },
    find: eachPod(({ name, probes, settings }) => {
      const live = probes.find(({ purpose }) => purpose === "live");
      const readyPath = probes.find(({ purpose }) => purpose === "ready")?.path;
      const path = live?.path;
      if (path === undefined) return [];
      if (!settings.isHaven && !settings.has("HEALTH_PATHS"))
        return isReadinessName(path.text)
          ? [
              {
                places: [path.at],
                confidence: "medium",
                message: `The liveness probe of ${name} requests ${path.text}, which by its name depends on other services.`,
              },
            ]
          : [];
      const isReadyPath =
        readyPath !== undefined && readyPath.text === path.text && !isLivenessPath(path.text, settings);
      if (!isReadyPath && !isReadinessPath(path.text, settings)) return [];
      const reason = isReadyPath ? "like the readiness probe" : "which returns 503 while a dependency is down";
      return [
        {
          places: isReadyPath ? [path.at, readyPath.at] : [path.at],
          message: `The liveness probe of ${name} requests ${path.text}, ${reason}.`,
        },
      ];
    }),
  },
];

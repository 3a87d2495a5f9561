import { get } from "../../readers/yaml-tree.ts";
import type { Rule } from "../../rule.ts";
import { pod, ready, startup } from "../example-files.ts";
import { eachPod, eachWorkload } from "../for-each.ts";
import { isLivenessPath, isReadinessPath } from "../probe-paths.ts";

export const kubernetesProbeRules: readonly Rule[] = [
  {
    id: "trap-kubernetes-no-startup-probe",
    severity: "warning",
    title: "A slow start looks like a hang",
    impact:
      "The liveness probe cannot distinguish a starting pod from a stuck one: during a slow migration or a database outage it restarts pods again and again.",
    condition: "A pod with a liveness probe has a startup probe",
    fix: "Write startupProbe: { httpGet: { path: /startup, port: http }, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 130 }.",
    example: {
      kind: "kubernetes",
      broken: pod(`${ready}\n          livenessProbe: { httpGet: { path: /alive, port: 4000 } }`),
      fixed: pod(`${ready}\n          ${startup}\n          livenessProbe: { httpGet: { path: /alive, port: 4000 } }`),
    },
    find: eachPod(({ name, probes }) => {
      const live = probes.find(({ purpose }) => purpose === "live");
      if (live === undefined || probes.some(({ purpose }) => purpose === "startup")) return [];
      return [{ places: [live.at], message: `${name} has a liveness probe and no startup probe.` }];
    }),
  },
  {
    id: "trap-kubernetes-no-readiness-probe",
    severity: "error",
    title: "A pod gets requests before it can answer them",
    impact:
      "Without a readiness probe a pod is ready as soon as its process runs: users get 502 at every release, and a pod without its database stays in rotation.",
    condition: "The application's container has a readinessProbe if it has ports, another probe or a Service",
    fix: "Write readinessProbe: { httpGet: { path: /ready, port: http }, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2 }.",
    example: { kind: "kubernetes", broken: pod(""), fixed: pod(ready) },
    find: eachWorkload(({ object, container, name, serves }) =>
      !serves || get(container, "readinessProbe") !== undefined
        ? []
        : [{ places: [get(object, "metadata", "name")?.at ?? object.at], message: `${name} has no readiness probe.` }],
    ),
  },
  {
    id: "trap-liveness-asks-dependencies",
    severity: "error",
    title: "A database outage restarts every instance",
    impact:
      "The liveness probe depends on other services: while Postgres is down all pods are restarted again and again, and the outage continues after Postgres is back.",
    condition: "The liveness probe requests `/alive`, and another path than the readiness probe",
    fix: "Change the path of the liveness probe to /alive.",
    example: {
      kind: "kubernetes",
      broken: pod(`${ready}\n          ${startup}\n          livenessProbe: { httpGet: { path: /ready, port: 4000 } }`),
      fixed: pod(`${ready}\n          ${startup}\n          livenessProbe: { httpGet: { path: /alive, port: 4000 } }`),
    },
    find: eachPod(({ name, probes, settings }) => {
      const live = probes.find(({ purpose }) => purpose === "live");
      const asked = probes.find(({ purpose }) => purpose === "ready")?.path;
      const path = live?.path;
      if (path === undefined) return [];
      const same = asked !== undefined && asked.text === path.text && !isLivenessPath(path.text, settings);
      if (!same && !isReadinessPath(path.text, settings)) return [];
      const why = same ? "like the readiness probe" : "which returns 503 while a dependency is down";
      return [
        {
          places: same ? [path.at, asked.at] : [path.at],
          message: `The liveness probe of ${name} requests ${path.text}, ${why}.`,
        },
      ];
    }),
  },
];

import { autoscalerOf } from "../../readers/kubernetes/scaling.ts";
import { get, list, text } from "../../readers/yaml-tree.ts";
import type { Rule } from "../../rule.ts";
import { pod, ready, scaler } from "../example-files.ts";
import { eachWorkload } from "../for-each.ts";

export const cpuAndAutoscalingRules: readonly Rule[] = [
  {
    id: "trap-kubernetes-cpu-limit",
    severity: "warning",
    offByDefault: "many clusters require CPU limits by policy",
    title: "A CPU limit throttles the process",
    impact:
      "A process that has used its share of a 100 ms period is paused until the next one: responses and probes are late although the node has idle CPUs.",
    condition: "The application has no `resources.limits.cpu`; `requests.cpu` reserves its share",
    fix: "Remove the CPU limit. Keep the CPU request and the memory limit.",
    example: {
      kind: "kubernetes",
      broken: pod("resources: { requests: { cpu: 500m }, limits: { cpu: 500m, memory: 512Mi } }"),
      fixed: pod("resources: { requests: { cpu: 500m }, limits: { memory: 512Mi } }"),
    },
    find: eachWorkload(({ container, name }) => {
      const found = get(container, "resources", "limits", "cpu");
      return found === undefined
        ? []
        : [{ places: [found.at], message: `${name} is limited to ${text(found) ?? "some"} CPU.` }];
    }),
  },
  {
    id: "trap-kubernetes-memory-autoscaler",
    severity: "warning",
    confidence: "medium",
    title: "The autoscaler scales by memory and never scales down",
    impact:
      "Many runtimes, Node among them, rarely return memory to the system: after the first peak the number of pods stays high, and so does the number of database connections.",
    condition: "The HorizontalPodAutoscaler of the application has no `memory` metric",
    fix: "Scale by CPU, or by requests if there is a metric for them.",
    example: {
      kind: "kubernetes",
      broken: `${pod(ready)}---\n${scaler("memory")}`,
      fixed: `${pod(ready)}---\n${scaler("cpu")}`,
    },
    find: eachWorkload((workload, { manifests }) => {
      const found = list(autoscalerOf(workload, manifests), "spec", "metrics").find(
        (metric) => text(metric, "resource", "name") === "memory",
      );
      return found === undefined
        ? []
        : [
            {
              places: [get(found, "resource", "name")?.at ?? found.at],
              message: `${workload.name} is scaled by memory.`,
            },
          ];
    }),
  },
];

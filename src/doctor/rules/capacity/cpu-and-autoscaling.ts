import { autoscalerOf } from "../../readers/kubernetes/scaling.ts";
import { get, list, text } from "../../readers/yaml-tree.ts";
import type { Rule } from "../../rule.ts";
import { pod, ready, scaler } from "../example-files.ts";
import { eachWorkload } from "../for-each.ts";

export const cpuAndAutoscalingRules: readonly Rule[] = [
  {
    id: "trap-kubernetes-cpu-limit",
    severity: "warning",
    title: "A CPU limit stops the process in the middle of its work",
    impact:
      "Whoever has used up a slice of 100 ms stands still for the rest of it: answers and probes are late although the machine has nothing to do.",
    condition: "No `resources.limits.cpu` for the application; `requests.cpu` gives it its share",
    fix: "Remove the CPU limit, keep the request and the memory limit.",
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
    title: "The autoscaler grows with memory, and never shrinks",
    impact:
      "Node keeps the memory that it has had: the number of pods goes up with the first peak and stays there, and with it the connections to the database.",
    condition: "No metric `memory` in the HorizontalPodAutoscaler of the application",
    fix: "Scale by CPU, and by requests where there are metrics for them.",
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

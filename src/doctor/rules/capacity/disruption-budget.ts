import { type ConfigNumber, count, defined } from "../../facts/config-values.ts";
import { objectsOfKind } from "../../readers/kubernetes/cluster-objects.ts";
import { budgetOf, shareOf } from "../../readers/kubernetes/scaling.ts";
import { get, type Tree, text } from "../../readers/yaml-tree.ts";
import type { Rule, Violation } from "../../rule.ts";
import { object, pod, ready } from "../example-files.ts";
import { appOf } from "../for-each.ts";

function blockedEvictions(budget: Tree, min: ConfigNumber | undefined): Violation[] {
  const pods = min?.value ?? Number.MAX_SAFE_INTEGER;
  const minAvailable = get(budget, "spec", "minAvailable");
  const maxUnavailable = get(budget, "spec", "maxUnavailable");
  const requiredPods = shareOf(minAvailable, pods);
  if (minAvailable !== undefined && requiredPods !== undefined && requiredPods >= pods)
    return [
      min === undefined
        ? {
            places: [minAvailable.at],
            message: `minAvailable ${text(minAvailable) ?? ""}: all pods must stay, so no pod may be evicted.`,
          }
        : {
            numbers: [count("minAvailable", requiredPods, minAvailable.at), min],
            message: `${requiredPods} of ${min.value} pods must stay, so no pod may be evicted.`,
          },
    ];
  if (maxUnavailable === undefined || shareOf(maxUnavailable, pods) !== 0) return [];
  return [
    {
      numbers: [count("maxUnavailable", 0, maxUnavailable.at), ...defined([min])],
      message: `0 of ${min === undefined ? "all" : min.value} pods may be evicted.`,
    },
  ];
}

export const disruptionBudgetRules: readonly Rule[] = [
  {
    id: "budget-lets-none-go",
    severity: "error",
    title: "The disruption budget allows no eviction",
    impact:
      "Nodes cannot be drained: cluster upgrades hang until an operator forces them, and then several pods may stop at once.",
    condition:
      "`minAvailable` < minimum replicas (the `minReplicas` of the autoscaler), or `maxUnavailable` ≥ 1; percentages are rounded up like Kubernetes does. `maxUnavailable: 0` and `minAvailable: 100%` are wrong for any workload",
    fix: "Set maxUnavailable: 1.",
    example: {
      kind: "kubernetes",
      broken: `${pod("env: [{ name: DRAIN_DELAY_MS, value: '15000' }]", "", "replicas: 2")}---\n${budget("minAvailable: 2")}`,
      fixed: `${pod("env: [{ name: DRAIN_DELAY_MS, value: '15000' }]", "", "replicas: 2")}---\n${budget("maxUnavailable: 1")}`,
    },
    find: ({ kubernetes, apps }) =>
      kubernetes.flatMap(({ manifests, workloads }) =>
        objectsOfKind(manifests.objects, "PodDisruptionBudget").flatMap((budget): Violation[] => {
          const selected = workloads.filter(({ object }) => budgetOf(manifests, object) === budget);
          const minReplicas = selected.map((workload) => appOf(workload, apps)?.replicas?.min);
          // `maxUnavailable: 0` and `minAvailable: 100%` are wrong for any number of pods.
          return (minReplicas.length === 0 ? [undefined] : minReplicas).flatMap((min) => blockedEvictions(budget, min));
        }),
      ),
  },
  {
    id: "trap-kubernetes-no-disruption-budget",
    severity: "warning",
    title: "Draining nodes may evict all pods at once",
    impact:
      "Without a disruption budget Kubernetes does not limit evictions: during a node upgrade there may be no pod left.",
    condition: "A PodDisruptionBudget in the files selects each workload that serves requests with several replicas",
    fix: "Add a PodDisruptionBudget with maxUnavailable: 1.",
    example: {
      kind: "kubernetes",
      broken: pod(ready, "", "replicas: 3"),
      fixed: `${pod(ready, "", "replicas: 3")}---\n${object("PodDisruptionBudget", "policy/v1", "", "{ maxUnavailable: 1, selector: { matchLabels: { app: api } } }")}`,
    },
    find: ({ kubernetes, apps }) =>
      kubernetes.flatMap((cluster) =>
        cluster.workloads.flatMap((workload): Violation[] => {
          const app = appOf(workload, apps);
          if (
            !workload.serves ||
            app?.replicas?.max === undefined ||
            app.replicas.max.value < 2 ||
            budgetOf(cluster.manifests, workload.object) !== undefined
          )
            return [];
          return [
            {
              places: [app.at],
              message: `No PodDisruptionBudget in the files selects ${workload.name}.`,
            },
          ];
        }),
      ),
  },
];

function budget(line: string): string {
  return `apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: { name: api }\nspec:\n  ${line}\n  selector: { matchLabels: { app: api } }\n`;
}

import { type ConfigNumber, count, defined } from "../../config-values.ts";
import { objectsOfKind } from "../../readers/kubernetes/cluster-objects.ts";
import { budgetOf, shareOf } from "../../readers/kubernetes/scaling.ts";
import { get, type Tree, text } from "../../readers/yaml-tree.ts";
import type { Rule, Violation } from "../../rule.ts";
import { object, pod, ready } from "../example-files.ts";
import { appOf } from "../for-each.ts";

function blockedEvictions(budget: Tree, min: ConfigNumber | undefined): Violation[] {
  const pods = min?.value ?? Number.MAX_SAFE_INTEGER;
  const kept = get(budget, "spec", "minAvailable");
  const gone = get(budget, "spec", "maxUnavailable");
  const keeps = shareOf(kept, pods);
  if (kept !== undefined && keeps !== undefined && keeps >= pods)
    return [
      min === undefined
        ? { places: [kept.at], message: `minAvailable ${text(kept) ?? ""}: all pods have to stay, so none may go.` }
        : {
            numbers: [count("minAvailable", keeps, kept.at), min],
            message: `${keeps} of ${min.value} pods have to stay, so none may go.`,
          },
    ];
  if (gone === undefined || shareOf(gone, pods) !== 0) return [];
  return [
    {
      numbers: [count("maxUnavailable", 0, gone.at), ...defined([min])],
      message: `0 of ${min === undefined ? "all" : min.value} pods may go.`,
    },
  ];
}

export const disruptionBudgetRules: readonly Rule[] = [
  {
    id: "budget-lets-none-go",
    severity: "error",
    title: "The disruption budget lets no pod go",
    impact:
      "A node cannot be emptied: upgrades of the cluster hang, until somebody forces them and takes several pods at once.",
    condition:
      "`minAvailable` < fewest replicas (the autoscaler's `minReplicas`), or `maxUnavailable` ≥ 1; percentages are rounded up, as Kubernetes does. `maxUnavailable: 0` and `minAvailable: 100%` are wrong for any workload",
    fix: "Write maxUnavailable: 1.",
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
          // Some budgets are wrong however many pods there are.
          return (minReplicas.length === 0 ? [undefined] : minReplicas).flatMap((min) => blockedEvictions(budget, min));
        }),
      ),
  },
  {
    id: "trap-kubernetes-no-disruption-budget",
    severity: "warning",
    title: "An upgrade of the nodes may take all pods at once",
    impact: "Nothing tells the cluster how many pods have to stay: while nodes are emptied users may find none.",
    condition:
      "A workload of several replicas that serves is selected by a PodDisruptionBudget, in the files that were read",
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
              message: `No PodDisruptionBudget selects ${workload.name}, in the files that were read.`,
            },
          ];
        }),
      ),
  },
];

function budget(line: string): string {
  return `apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: { name: api }\nspec:\n  ${line}\n  selector: { matchLabels: { app: api } }\n`;
}

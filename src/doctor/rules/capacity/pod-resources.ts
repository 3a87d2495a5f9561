import { autoscalerOf, budgetOf } from "../../readers/kubernetes/scaling.ts";
import { get, list, text } from "../../readers/yaml-tree.ts";
import type { Rule, Violation } from "../../rule.ts";
import { pod, podService, ready } from "../example-files.ts";
import { appOf, eachCluster, namesText, onePerFile } from "../for-each.ts";

const limited = (limits: string, replicas = "replicas: 2") =>
  `${pod(`${ready}\n          ${limits}`, "", replicas)}---\n${podService}`;

export const podResourceRules: readonly Rule[] = [
  {
    id: "budget-no-memory-limit",
    severity: "warning",
    title: "A pod may use all memory of its node",
    impact: "A leak in one pod makes the kernel kill processes of other pods on the same node.",
    condition: "The application's container has `resources.limits.memory`",
    fix: "Set resources: { requests: { memory: 512Mi }, limits: { memory: 512Mi } }.",
    example: {
      kind: "kubernetes",
      broken: limited("resources: { requests: { memory: 512Mi } }"),
      fixed: limited("resources: { limits: { memory: 512Mi } }"),
    },
    find: eachCluster(({ workloads, manifests }) => {
      // A LimitRange of the namespace sets limits for pods without their own.
      if (manifests.objects.some((one) => text(one, "kind") === "LimitRange")) return [];
      return onePerFile(
        workloads.filter(
          ({ container, serves }) => serves && get(container, "resources", "limits", "memory") === undefined,
        ),
        ({ container }) => (get(container, "resources") ?? container).at,
        (all) => ({
          message: `${namesText(all.map(({ name }) => name))} ${all.length > 1 ? "have" : "has"} no memory limit.`,
        }),
      );
    }),
  },
  {
    id: "budget-single-replica",
    severity: "warning",
    title: "One pod serves all requests",
    impact:
      "While its node is drained, or the pod is restarted, there is no pod: users get errors until the new pod is ready.",
    condition:
      "A Deployment behind a Service has several replicas, an autoscaler with several, or a disruption budget. Deployments with a volume claim, or with the strategy Recreate, are ignored",
    fix: "Set replicas: 2, and add a PodDisruptionBudget with maxUnavailable: 1.",
    example: {
      kind: "kubernetes",
      broken: limited("", "replicas: 1"),
      fixed: `${limited("")}`,
    },
    find: ({ kubernetes, apps }) =>
      kubernetes.flatMap(({ workloads, manifests }) => {
        const single = workloads.flatMap((workload) => {
          const replicas = appOf(workload, apps)?.replicas?.max;
          const { object, kind, hasService, pod: spec } = workload;
          const mustBeSingle =
            text(object, "spec", "strategy", "type") === "Recreate" ||
            list(spec, "volumes").some((one) => get(one, "persistentVolumeClaim") !== undefined);
          const isSingle = kind === "Deployment" && hasService && replicas?.value === 1 && !mustBeSingle;
          const scaling = autoscalerOf(workload, manifests) ?? budgetOf(manifests, object);
          return isSingle && scaling === undefined ? [{ workload, at: replicas.at }] : [];
        });
        return onePerFile(
          single,
          ({ at }) => at,
          (all): Omit<Violation, "places"> => ({
            message: `${namesText(all.map(({ workload }) => workload.name))} ${all.length > 1 ? "have" : "has"} one replica.`,
          }),
        );
      }),
  },
];

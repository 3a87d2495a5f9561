import { podLabelsOf, podOf, selectsAll } from "../readers/objects.ts";
import { autoscalerOf, budgetOf } from "../readers/scaling.ts";
import { get, list, text } from "../readers/yaml.ts";
import type { Found, Rule } from "../rule.ts";
import { appOf, eachCluster, eachWorkload } from "./each.ts";
import { object, pod, ready, scaler } from "./samples.ts";

export const kubernetesTraps: readonly Rule[] = [
  {
    id: "trap-kubernetes-selector",
    severity: "error",
    title: "A workload does not say which pods are its own",
    reason: "The cluster refuses it: the release stops there, and the old version stays.",
    arithmetic: "`spec.selector.matchLabels` is there, and its labels are among those of the template",
    fix: "Write selector: { matchLabels: … } with the labels of the template.",
    example: {
      kind: "kubernetes",
      broken: pod(ready).replace("  selector: { matchLabels: { app: api } }\n", ""),
      mended: pod(ready),
    },
    find: eachCluster(({ bundle }) =>
      bundle.objects.flatMap((one): Found[] => {
        if (!/^(?:Deployment|StatefulSet|DaemonSet|ReplicaSet)$/.test(text(one, "kind") ?? "")) return [];
        const selector = get(one, "spec", "selector");
        const labels = podLabelsOf(one);
        const name = text(one, "metadata", "name") ?? "";
        if (get(one, "spec", "template") === undefined) return [];
        if (selector === undefined)
          return [{ places: [get(one, "spec")?.at ?? one.at], says: `${text(one, "kind")} ${name} has no selector.` }];
        if (selectsAll(selector, labels)) return [];
        return [{ places: [selector.at], says: `The selector of ${name} does not match the labels of its template.` }];
      }),
    ),
  },
  {
    id: "trap-kubernetes-image-tag",
    severity: "warning",
    title: "Nobody knows which version runs",
    reason: "Two pods of one release may run different versions, and there is nothing to go back to.",
    arithmetic: "Each image has a tag that is not `latest`, or a digest",
    fix: "Name a version.",
    example: { kind: "kubernetes", broken: pod(ready).replace("api:1.0", "api:latest"), mended: pod(ready) },
    find: eachCluster(({ bundle }) =>
      bundle.objects.flatMap((one) =>
        ["initContainers", "containers"].flatMap((kind) =>
          list(podOf(one), kind).flatMap((container): Found[] => {
            const image = get(container, "image");
            const name = text(image);
            if (image === undefined || name === undefined || /@sha256:|:(?!latest$)[^/]+$/.test(name)) return [];
            return [
              {
                places: [image.at],
                says: `${name} ${name.endsWith(":latest") ? "is whatever was pushed last" : "has no tag, which means latest"}.`,
              },
            ];
          }),
        ),
      ),
    ),
  },
  {
    id: "trap-kubernetes-cpu-limit",
    severity: "warning",
    title: "A CPU limit stops the process in the middle of its work",
    reason:
      "Whoever has used up a slice of 100 ms stands still for the rest of it: answers and probes are late although the machine has nothing to do.",
    arithmetic: "No `resources.limits.cpu` for the application; `requests.cpu` gives it its share",
    fix: "Remove the CPU limit, keep the request and the memory limit.",
    example: {
      kind: "kubernetes",
      broken: pod("resources: { requests: { cpu: 500m }, limits: { cpu: 500m, memory: 512Mi } }"),
      mended: pod("resources: { requests: { cpu: 500m }, limits: { memory: 512Mi } }"),
    },
    find: eachWorkload(({ container, name }) => {
      const found = get(container, "resources", "limits", "cpu");
      return found === undefined
        ? []
        : [{ places: [found.at], says: `${name} is limited to ${text(found) ?? "some"} CPU.` }];
    }),
  },
  {
    id: "trap-kubernetes-no-disruption-budget",
    severity: "warning",
    title: "An upgrade of the nodes may take all pods at once",
    reason: "Nothing tells the cluster how many pods have to stay: while nodes are emptied users may find none.",
    arithmetic:
      "A workload of several replicas that serves is selected by a PodDisruptionBudget, in the files that were read",
    fix: "Add a PodDisruptionBudget with maxUnavailable: 1.",
    example: {
      kind: "kubernetes",
      broken: pod(ready, "", "replicas: 3"),
      mended: `${pod(ready, "", "replicas: 3")}---\n${object("PodDisruptionBudget", "policy/v1", "", "{ maxUnavailable: 1, selector: { matchLabels: { app: api } } }")}`,
    },
    find: ({ kubernetes, apps }) =>
      kubernetes.flatMap((cluster) =>
        cluster.workloads.flatMap((workload): Found[] => {
          const app = appOf(workload, apps);
          if (
            !workload.serves ||
            app?.replicas?.most === undefined ||
            app.replicas.most.value < 2 ||
            budgetOf(cluster.bundle, workload.object) !== undefined
          )
            return [];
          return [
            { places: [app.at], says: `No PodDisruptionBudget selects ${workload.name}, in the files that were read.` },
          ];
        }),
      ),
  },
  {
    id: "trap-kubernetes-memory-autoscaler",
    severity: "warning",
    title: "The autoscaler grows with memory, and never shrinks",
    reason:
      "Node keeps the memory that it has had: the number of pods goes up with the first peak and stays there, and with it the connections to the database.",
    arithmetic: "No metric `memory` in the HorizontalPodAutoscaler of the application",
    fix: "Scale by CPU, and by requests where there are metrics for them.",
    example: {
      kind: "kubernetes",
      broken: `${pod(ready)}---\n${scaler("memory")}`,
      mended: `${pod(ready)}---\n${scaler("cpu")}`,
    },
    find: eachWorkload((workload, { bundle }) => {
      const found = list(autoscalerOf(workload, bundle), "spec", "metrics").find(
        (metric) => text(metric, "resource", "name") === "memory",
      );
      return found === undefined
        ? []
        : [{ places: [get(found, "resource", "name")?.at ?? found.at], says: `${workload.name} is scaled by memory.` }];
    }),
  },
];

import { labelSelectorMatches, podLabelsOf, podOf } from "../../readers/kubernetes/cluster-objects.ts";
import { get, list, text } from "../../readers/yaml-tree.ts";
import type { Rule, Violation } from "../../rule.ts";
import { pod, ready } from "../example-files.ts";
import { eachCluster, onePerFile } from "../for-each.ts";
import { hasNoVersion, withoutVersionText } from "./image-versions.ts";

export const kubernetesWorkloadRules: readonly Rule[] = [
  {
    id: "trap-kubernetes-selector",
    severity: "error",
    title: "A workload does not select its own pods",
    impact: "Kubernetes rejects the workload: the release fails, and the old version keeps running.",
    condition: "`spec.selector.matchLabels` is set, and its labels are among those of the template",
    fix: "Set selector: { matchLabels: … } to the labels of the template.",
    example: {
      kind: "kubernetes",
      broken: pod(ready).replace("  selector: { matchLabels: { app: api } }\n", ""),
      fixed: pod(ready),
    },
    find: eachCluster(({ manifests }) =>
      manifests.objects.flatMap((manifest): Violation[] => {
        if (!/^(?:Deployment|StatefulSet|DaemonSet|ReplicaSet)$/.test(text(manifest, "kind") ?? "")) return [];
        const selector = get(manifest, "spec", "selector");
        const labels = podLabelsOf(manifest);
        const name = text(manifest, "metadata", "name") ?? "";
        // An object without labels is a patch of another object. Older APIs have a default for the selector.
        if (labels === undefined || text(manifest, "apiVersion") !== "apps/v1") return [];
        if (selector === undefined)
          return [
            {
              places: [get(manifest, "spec")?.at ?? manifest.at],
              message: `${text(manifest, "kind")} ${name} has no selector.`,
            },
          ];
        if (labelSelectorMatches(selector, labels)) return [];
        return [
          { places: [selector.at], message: `The selector of ${name} does not match the labels of its template.` },
        ];
      }),
    ),
  },
  {
    id: "trap-kubernetes-image-tag",
    severity: "warning",
    title: "The image version is not fixed",
    impact: "Two pods of one release may run different versions, and there is no version to roll back to.",
    condition: "Each image has a digest, or a tag other than `latest`",
    fix: "Use a version tag.",
    example: { kind: "kubernetes", broken: pod(ready).replace("api:1.0", "api:latest"), fixed: pod(ready) },
    find: eachCluster(({ manifests }) => {
      const images = manifests.objects.flatMap((one) =>
        ["initContainers", "containers"].flatMap((kind) =>
          list(podOf(one), kind).flatMap((container) => get(container, "image") ?? []),
        ),
      );
      return onePerFile(
        images.filter((image) => hasNoVersion(text(image) ?? "")),
        ({ at }) => at,
        (found) => ({ message: withoutVersionText(found.map((image) => text(image) ?? "")) }),
      );
    }),
  },
];

import { holdsIn, type VersionFact, versionFacts, versionsBefore, versionsSince } from "../../facts/versions.ts";
import { podOf } from "../../readers/kubernetes/cluster-objects.ts";
import { get, list, type Tree, text } from "../../readers/yaml-tree.ts";
import type { Rule, Violation } from "../../rule.ts";
import { object, pod, ready } from "../example-files.ts";

/** `replacement` is the API version that an edit may write, because its fields are the same. */
type RemovedApi = { kinds: RegExp; api: RegExp; fact: VersionFact; replacement?: string };

const removedApis: readonly RemovedApi[] = [
  {
    kinds: /^(?:Deployment|DaemonSet|ReplicaSet|StatefulSet|NetworkPolicy)$/,
    api: /^(?:extensions\/v1beta1|apps\/v1beta[12])$/,
    fact: versionFacts.kubernetesNoExtensions,
  },
  {
    kinds: /^Ingress(?:Class)?$/,
    api: /^(?:extensions|networking\.k8s\.io)\/v1beta1$/,
    fact: versionFacts.kubernetesNoOldIngress,
  },
  {
    kinds: /^CronJob$/,
    api: /^batch\/v1beta1$/,
    fact: versionFacts.kubernetesNoPolicyOrBatchBeta,
    replacement: "batch/v1",
  },
  {
    kinds: /^(?:PodDisruptionBudget|PodSecurityPolicy)$/,
    api: /^policy\/v1beta1$/,
    fact: versionFacts.kubernetesNoPolicyOrBatchBeta,
  },
  {
    kinds: /^HorizontalPodAutoscaler$/,
    api: /^autoscaling\/v2beta2$/,
    fact: versionFacts.kubernetesNoAutoscalingBeta,
    replacement: "autoscaling/v2",
  },
  {
    kinds: /^HorizontalPodAutoscaler$/,
    api: /^autoscaling\/v2beta1$/,
    fact: versionFacts.kubernetesNoAutoscalingBeta,
  },
];

type Feature = { fact: VersionFact; what: string; find: (pod: Tree) => Tree | undefined };

const features: readonly Feature[] = [
  {
    fact: versionFacts.kubernetesPreStopSleep,
    what: "preStop.sleep",
    find: (spec) =>
      list(spec, "containers")
        .map((one) => get(one, "lifecycle", "preStop", "sleep"))
        .find((one) => one !== undefined),
  },
  {
    fact: versionFacts.kubernetesSidecars,
    what: "an init container with restartPolicy",
    find: (spec) =>
      list(spec, "initContainers")
        .map((one) => get(one, "restartPolicy"))
        .find((one) => one !== undefined),
  },
];

const oldBudget = object("PodDisruptionBudget", "policy/v1beta1", "", "{ maxUnavailable: 1 }");

export const kubernetesVersionRules: readonly Rule[] = [
  {
    id: "trap-kubernetes-removed-api",
    severity: "error",
    title: "Kubernetes no longer has this version of an API",
    impact: "Kubernetes rejects the object, so that a deployment that contains it fails.",
    condition: `No object has an \`apiVersion\` that is removed: ${[...new Set(removedApis.map(({ fact }) => fact))].map((fact) => `${fact.text} (${versionsSince(fact)})`).join("; ")}`,
    fix: "Use the version that replaces it: apps/v1, networking.k8s.io/v1, policy/v1, batch/v1, autoscaling/v2.",
    example: { kind: "kubernetes", broken: oldBudget, fixed: oldBudget.replace("v1beta1", "v1") },
    find: ({ kubernetes, versions }) =>
      kubernetes.flatMap(({ manifests }) =>
        manifests.objects.flatMap((manifest): Violation[] => {
          const [kind = "", api = ""] = [text(manifest, "kind"), text(manifest, "apiVersion")];
          const removed = removedApis.find((each) => each.kinds.test(kind) && each.api.test(api));
          const at = get(manifest, "apiVersion")?.at;
          if (removed === undefined || at === undefined || holdsIn(removed.fact, versions.kubernetes) === "no")
            return [];
          const edits = removed.replacement === undefined ? [] : [{ at, from: api, to: removed.replacement }];
          return [
            { places: [at], edits, message: `${kind} of ${api} is removed from ${versionsSince(removed.fact)}.` },
          ];
        }),
      ),
  },
  {
    id: "trap-kubernetes-newer-feature",
    severity: "error",
    title: "The version of Kubernetes does not have a feature that the pod uses",
    impact:
      "Kubernetes rejects or ignores the field: the preStop hook does not wait, or the sidecar blocks the start of the pod.",
    condition: `If a comment or --versions states the version of Kubernetes, the pods use only features of that version: ${features.map(({ fact }) => `${fact.text} (${versionsSince(fact)})`).join("; ")}`,
    fix: "Upgrade Kubernetes. Or replace preStop.sleep with exec: { command: [sleep, '15'] }, and the sidecar with a container in `containers`.",
    example: {
      kind: "kubernetes",
      broken: `# Kubernetes 1.28\n${pod(`${ready}\n          lifecycle: { preStop: { sleep: { seconds: 15 } } }`, "terminationGracePeriodSeconds: 60")}`,
      fixed: `# Kubernetes 1.31\n${pod(`${ready}\n          lifecycle: { preStop: { sleep: { seconds: 15 } } }`, "terminationGracePeriodSeconds: 60")}`,
    },
    find: ({ kubernetes, versions }) =>
      kubernetes.flatMap(({ manifests }) =>
        manifests.objects.flatMap((manifest): Violation[] => {
          const spec = podOf(manifest);
          if (spec === undefined) return [];
          return features.flatMap(({ fact, what, find }): Violation[] => {
            const found = find(spec);
            const version = versions.kubernetes ?? manifests.version;
            if (found === undefined || version === undefined || holdsIn(fact, version) !== "no") return [];
            return [{ places: [found.at, version.at], message: `${what} does not work with ${versionsBefore(fact)}.` }];
          });
        }),
      ),
  },
];

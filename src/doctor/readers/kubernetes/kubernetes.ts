import type { Diagnostics } from "../../diagnostics.ts";
import type { App } from "../../facts/app.ts";
import { type Candidate, isBackground, selectApplications } from "../application-candidates.ts";
import { isCommonServerSetting, isHavenSetting, type SettingValues } from "../application-settings.ts";
import { commandText, imageName, isInfrastructure, isInfrastructurePorts, isProxyImage } from "../container.ts";
import type { ConnectionLimit } from "../postgres-limit.ts";
import { get, list, number, type Tree, text } from "../yaml-tree.ts";
import { databasesOf } from "./cluster-database.ts";
import {
  inNamespaceOf,
  objectsOfKind,
  podLabelsOf,
  podOf,
  serviceSelectorMatches,
  type Workload,
} from "./cluster-objects.ts";
import type { Manifests } from "./manifests.ts";
import { appOf } from "./pod.ts";
import { containerEnvironment } from "./pod-environment.ts";
import { autoscalerOf, budgetOf, noteBudgets } from "./scaling.ts";

export type Kubernetes = { manifests: Manifests; workloads: readonly Workload[] };

export function readKubernetes(
  manifests: Manifests,
  externalSettings: SettingValues,
  diagnostics: Diagnostics,
): { kubernetes: Kubernetes; apps: App[]; databases: ConnectionLimit[] } {
  const workloads = selectApplications(
    manifests.objects.flatMap((object) => candidateOf(object, manifests, externalSettings)),
    diagnostics,
  );
  noteUnreadKinds(manifests, diagnostics);
  noteBudgets(manifests, diagnostics);
  return {
    kubernetes: { manifests, workloads },
    apps: workloads.map((workload) => appOf(workload, manifests, externalSettings, diagnostics)),
    databases: databasesOf(manifests, diagnostics),
  };
}

const unreadKinds: Readonly<Record<string, string>> = {
  ...kindsWithNote(
    "routes",
    "VirtualService DestinationRule IngressRoute ServersTransport HTTPProxy GRPCRoute VirtualServer VirtualServerRoute",
  ),
  ...kindsWithNote("routes", "Mapping Route KongIngress ApisixRoute BackendTrafficPolicy ClientTrafficPolicy"),
  ...kindsWithNote("scales", "ScaledObject VerticalPodAutoscaler MultidimPodAutoscaler"),
  ...kindsWithNote("installs", "HelmRelease HelmChart Application"),
};

function kindsWithNote(effect: "routes" | "scales" | "installs", kinds: string): Record<string, string> {
  const consequence = {
    routes: "its routes and timeouts are not read",
    scales: "its scaling limits are not read",
    installs: "the objects that it installs are not read",
  }[effect];
  return Object.fromEntries(kinds.split(" ").map((kind) => [kind, consequence]));
}

function noteUnreadKinds({ objects }: Manifests, diagnostics: Diagnostics): void {
  for (const object of objects) {
    const kind = text(object, "kind") ?? "";
    const isKnative = kind === "Service" && text(object, "apiVersion")?.startsWith("serving.knative.dev/") === true;
    const note = isKnative ? "its containers are not read" : unreadKinds[kind];
    if (note !== undefined) diagnostics.addNote(get(object, "kind")?.at ?? object.at, `${kind}: ${note}`);
  }
}

type Evidence = Candidate<Workload>["evidence"];
const rank: Readonly<Record<Evidence, number>> = { serves: 0, likely: 1, none: 2 };

function candidateOf(object: Tree, manifests: Manifests, externalSettings: SettingValues): Candidate<Workload>[] {
  const pod = podOf(object);
  if (runsInfrastructure(pod)) return [];
  const kind = text(object, "kind") ?? "";
  const name = text(object, "metadata", "name") ?? kind;
  const evidenceOf = (container: Tree): Evidence =>
    containerEvidence(container, [
      ...containerEnvironment({ container, workload: object }, manifests, externalSettings).keys(),
    ]);
  const containers = list(pod, "containers")
    .filter((container) => !isInfrastructure(text(container, "image") ?? "") && !servesData(container))
    .map((container) => ({ container, evidence: evidenceOf(container) }))
    .sort((one, other) => rank[one.evidence] - rank[other.evidence]);
  const [first] = containers;
  if (pod === undefined || first === undefined) return [];
  const { container } = first;
  const hasService = isSelectedByService(object, manifests);
  // A DaemonSet runs on every node and serves that node, not users.
  const isPerNode =
    kind === "DaemonSet" &&
    !containerEnvironment({ container, workload: object }, manifests, new Map()).keys().some(isHavenSetting);
  const evidence = isPerNode
    ? "none"
    : hasService
      ? "serves"
      : strongest(first.evidence, workloadEvidence({ object, pod, kind, name }, manifests));
  const image = imageName(text(container, "image") ?? "");
  const command = `${commandText(get(container, "command"))} ${commandText(get(container, "args"))}`.trim();
  return [
    {
      value: { object, pod, container, kind, name, serves: evidence === "serves", hasService },
      title: `${kind} ${name}`,
      at: get(object, "metadata", "name")?.at ?? object.at,
      evidence,
      runsInBackground: kind === "DaemonSet" || isBackground(name, command, image),
      program: `${image} ${command}`,
    },
  ];
}

/**
 * A pod is judged by its first container. The other containers may be sidecars, such as a proxy in front of an
 * exporter.
 */
function runsInfrastructure(pod: Tree | undefined): boolean {
  const image = text(get(list(pod, "containers")[0], "image")) ?? "";
  return isInfrastructure(image) && !isProxyImage(image);
}

/** Returns whether the ports of a container are those of a database, a broker or an exporter. */
const servesData = (container: Tree): boolean =>
  isInfrastructurePorts(list(container, "ports").flatMap((port) => number(port, "containerPort") ?? []));

const strongest = (one: Evidence, other: Evidence): Evidence => (rank[one] < rank[other] ? one : other);

function containerEvidence(container: Tree, environment: readonly string[]): Evidence {
  const probeFields = ["livenessProbe", "startupProbe"];
  if (environment.some(isHavenSetting) || get(container, "readinessProbe") !== undefined) return "serves";
  if (
    get(container, "ports") !== undefined ||
    probeFields.some((probe) => get(container, probe, "httpGet") !== undefined)
  )
    return "serves";
  return environment.some(isCommonServerSetting) || probeFields.some((probe) => get(container, probe) !== undefined)
    ? "likely"
    : "none";
}

function isSelectedByService(object: Tree, manifests: Manifests): boolean {
  const labels = podLabelsOf(object);
  const services = inNamespaceOf(objectsOfKind(manifests.objects, "Service"), object);
  return services.some((service) => serviceSelectorMatches(get(service, "spec", "selector"), labels));
}

function workloadEvidence(
  { object, pod, kind, name }: Omit<Workload, "container" | "serves" | "hasService">,
  manifests: Manifests,
): Evidence {
  const operationalField =
    get(pod, "terminationGracePeriodSeconds") ??
    autoscalerOf({ object, kind, name }, manifests) ??
    budgetOf(manifests, object);
  return operationalField === undefined ? "none" : "likely";
}

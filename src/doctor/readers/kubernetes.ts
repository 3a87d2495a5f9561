import type { App } from "../facts.ts";
import type { Ledger } from "../source.ts";
import type { Bundle } from "./bundles.ts";
import { databasesOf } from "./cluster-database.ts";
import { imageName, isInfrastructure, wordsOf } from "./container.ts";
import { named, near, podLabelsOf, podOf, selects } from "./objects.ts";
import { appOf } from "./pod.ts";
import { givenTo } from "./pod-environment.ts";
import type { Limit } from "./postgres.ts";
import { autoscalerOf, budgetOf, noteBudgets } from "./scaling.ts";
import { type Candidate, isBackground, serving } from "./serving.ts";
import { type GivenSettings, isLikely, isTelling } from "./settings.ts";
import { get, list, type Tree, text } from "./yaml.ts";

/** A workload that runs pods of the application. What is missing is only missed where they certainly serve. */
export type Workload = { object: Tree; pod: Tree; container: Tree; kind: string; name: string; serves: boolean };
export type Kubernetes = { bundle: Bundle; workloads: readonly Workload[] };

export function readKubernetes(
  bundle: Bundle,
  outside: GivenSettings,
  ledger: Ledger,
): { kubernetes: Kubernetes; apps: App[]; databases: Limit[] } {
  const workloads = serving(
    bundle.objects.flatMap((object) => candidateOf(object, bundle, outside)),
    ledger,
  );
  noteUnfollowed(bundle, ledger);
  noteBudgets(bundle, ledger);
  return {
    kubernetes: { bundle, workloads },
    apps: workloads.map((workload) => appOf(workload, bundle, outside, ledger)),
    databases: databasesOf(bundle, ledger),
  };
}

const unfollowed: Readonly<Record<string, string>> = {
  ...kindsThat(
    "routes",
    "VirtualService DestinationRule IngressRoute ServersTransport HTTPProxy GRPCRoute VirtualServer VirtualServerRoute",
  ),
  ...kindsThat("routes", "Mapping Route KongIngress ApisixRoute BackendTrafficPolicy ClientTrafficPolicy"),
  ...kindsThat("scales", "ScaledObject VerticalPodAutoscaler MultidimPodAutoscaler"),
  ...kindsThat("installs", "HelmRelease HelmChart Application"),
};

function kindsThat(does: "routes" | "scales" | "installs", kinds: string): Record<string, string> {
  const what = {
    routes: "how it routes, and for how long it waits, is not followed",
    scales: "how far it scales is not followed",
    installs: "what it installs is not followed",
  }[does];
  return Object.fromEntries(kinds.split(" ").map((kind) => [kind, what]));
}

function noteUnfollowed({ objects }: Bundle, ledger: Ledger): void {
  for (const object of objects) {
    const kind = text(object, "kind") ?? "";
    const isKnative = kind === "Service" && text(object, "apiVersion")?.startsWith("serving.knative.dev/") === true;
    const why = isKnative ? "what it runs is not followed" : unfollowed[kind];
    if (why !== undefined) ledger.note(get(object, "kind")?.at ?? object.at, `${kind}: ${why}`);
  }
}

type Sign = Candidate<Workload>["sign"];
const rank: Readonly<Record<Sign, number>> = { serves: 0, likely: 1, none: 2 };

function candidateOf(object: Tree, bundle: Bundle, outside: GivenSettings): Candidate<Workload>[] {
  const pod = podOf(object);
  const kind = text(object, "kind") ?? "";
  const name = text(object, "metadata", "name") ?? kind;
  const signOf = (container: Tree): Sign =>
    signOfContainer(container, [...givenTo({ container, workload: object }, bundle, outside).keys()]);
  const containers = list(pod, "containers")
    .filter((container) => !isInfrastructure(text(container, "image") ?? ""))
    .map((container) => ({ container, sign: signOf(container) }))
    .sort((one, other) => rank[one.sign] - rank[other.sign]);
  const [first] = containers;
  if (pod === undefined || first === undefined) return [];
  const { container } = first;
  const sign = strongest(first.sign, signOfWorkload({ object, pod, kind, name }, bundle));
  const image = imageName(text(container, "image") ?? "");
  const command = `${wordsOf(get(container, "command"))} ${wordsOf(get(container, "args"))}`.trim();
  return [
    {
      value: { object, pod, container, kind, name, serves: sign === "serves" },
      title: `${kind} ${name}`,
      at: get(object, "metadata", "name")?.at ?? object.at,
      sign,
      // One for each node: it does something for the node.
      background: kind === "DaemonSet" || isBackground(name, command, image),
      program: `${image} ${command}`,
    },
  ];
}

const strongest = (one: Sign, other: Sign): Sign => (rank[one] < rank[other] ? one : other);

function signOfContainer(container: Tree, given: readonly string[]): Sign {
  const asked = ["livenessProbe", "startupProbe"];
  if (given.some(isTelling) || get(container, "readinessProbe") !== undefined) return "serves";
  if (get(container, "ports") !== undefined || asked.some((probe) => get(container, probe, "httpGet") !== undefined))
    return "serves";
  return given.some(isLikely) || asked.some((probe) => get(container, probe) !== undefined) ? "likely" : "none";
}

function signOfWorkload({ object, pod, kind, name }: Omit<Workload, "container" | "serves">, bundle: Bundle): Sign {
  const labels = podLabelsOf(object);
  const services = near(named(bundle.objects, "Service"), object);
  if (services.some((service) => selects(get(service, "spec", "selector"), labels))) return "serves";
  const caredFor =
    get(pod, "terminationGracePeriodSeconds") ??
    autoscalerOf({ object, kind, name }, bundle) ??
    budgetOf(bundle, object);
  return caredFor === undefined ? "none" : "likely";
}

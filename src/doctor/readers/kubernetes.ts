import { type App, count, known, ms, type Place, type Prober, type Seen, type Told } from "../facts.ts";
import type { Ledger } from "../source.ts";
import { bytes } from "../units.ts";
import type { Bundle } from "./bundles.ts";
import { databasesOf } from "./cluster-database.ts";
import { heapOf, isInfrastructure, placed, sleepOf } from "./container.ts";
import { named, near, podOf } from "./objects.ts";
import { givenTo } from "./pod-environment.ts";
import { type GivenSettings, isTelling, settingsFrom } from "./settings.ts";
import { get, list, number, type Tree, text } from "./yaml.ts";

/** A workload that runs pods of the application. */
export type Workload = { object: Tree; pod: Tree; container: Tree; kind: string; name: string };
export type Kubernetes = { bundle: Bundle; workloads: readonly Workload[] };

const kubernetesDefault = "Kubernetes' default";

export function readKubernetes(
  bundle: Bundle,
  outside: GivenSettings,
  ledger: Ledger,
): { kubernetes: Kubernetes; apps: App[]; databases: Told[] } {
  const workloads = bundle.objects.flatMap((object) => workloadOf(object, bundle, outside));
  for (const object of bundle.objects) {
    const kind = text(object, "kind");
    const at = get(object, "kind")?.at ?? object.at;
    if (kind === "ScaledObject") ledger.note(at, "ScaledObject: how far it scales is not followed");
    if (kind === "HelmRelease" || kind === "Application") ledger.note(at, `${kind}: what it installs is not followed`);
  }
  return {
    kubernetes: { bundle, workloads },
    apps: workloads.map((workload) => appOf(workload, bundle, outside, ledger)),
    databases: databasesOf(bundle),
  };
}

function workloadOf(object: Tree, bundle: Bundle, outside: GivenSettings): Workload[] {
  const pod = podOf(object);
  const kind = text(object, "kind") ?? "";
  if (pod === undefined) return [];
  const candidates = list(pod, "containers").filter((container) => !isInfrastructure(text(container, "image") ?? ""));
  const container =
    candidates.find(
      (one) =>
        [...givenTo({ container: one, workload: object }, bundle, outside).keys()].some(isTelling) ||
        get(one, "readinessProbe", "httpGet"),
    ) ??
    candidates.find(
      (one) => get(one, "livenessProbe", "httpGet") ?? get(one, "ports") ?? get(one, "startupProbe", "httpGet"),
    );
  return container === undefined
    ? []
    : [{ object, pod, container, kind, name: text(object, "metadata", "name") ?? kind }];
}

function appOf(workload: Workload, bundle: Bundle, outside: GivenSettings, ledger: Ledger): App {
  const { object, pod, container, name } = workload;
  const own = givenTo({ container, workload: object }, bundle, outside, ledger);
  const given = new Map([...outside, ...own]);
  const grace = number(pod, "terminationGracePeriodSeconds");
  const options = own.get("NODE_OPTIONS");
  const command = [...list(container, "command"), ...list(container, "args")];
  const memory = get(container, "resources", "limits", "memory");
  const limit = memory === undefined ? undefined : bytes(text(memory) ?? "", { decimal: true });
  if (memory !== undefined && limit === undefined)
    ledger.note(memory.at, `memory ${text(memory) ?? ""}: not a size that is understood`);
  return {
    name,
    platform: "kubernetes",
    at: get(object, "metadata", "name")?.at ?? object.at,
    settings: settingsFrom(given, container.at, ledger),
    grace: ms(
      "terminationGracePeriodSeconds",
      (grace ?? 30) * 1000,
      get(pod, "terminationGracePeriodSeconds")?.at ?? pod.at,
      grace === undefined ? kubernetesDefault : undefined,
    ),
    preStop: preStopOf(container, ledger),
    stopSignal: undefined,
    probers: known([
      proberOf(container, "readinessProbe", "ready", ledger),
      proberOf(container, "livenessProbe", "live", ledger),
      proberOf(container, "startupProbe", "startup", ledger),
    ]),
    replicas: replicasOf(workload, bundle, ledger),
    heap: heapOf(
      [
        ...(options?.text === undefined ? [] : [placed("NODE_OPTIONS", options.text, options.at)]),
        ...command.map((word): Seen => placed("the command", text(word) ?? "", word.at)),
      ],
      ledger,
    ),
    memory:
      limit === undefined || memory === undefined
        ? undefined
        : { name: "memory limit", value: limit, unit: "bytes", at: memory.at },
  };
}

function preStopOf(container: Tree, ledger: Ledger): Told | undefined {
  const hook = get(container, "lifecycle", "preStop");
  if (hook === undefined) return undefined;
  const seconds = get(hook, "sleep", "seconds");
  if (seconds !== undefined && number(seconds) !== undefined)
    return ms("preStop", (number(seconds) ?? 0) * 1000, seconds.at);
  const command = list(hook, "exec", "command");
  const slept = sleepOf(command.map((word) => text(word) ?? "").join(" "));
  const line = command.find((word) => /sleep/.test(text(word) ?? "")) ?? hook;
  if (slept !== undefined) return ms("preStop", slept, line.at);
  ledger.note(hook.at, "preStop: how long this hook takes cannot be seen, so it is counted as 0 s");
  return undefined;
}

function proberOf(container: Tree, field: string, purpose: Prober["purpose"], ledger: Ledger): Prober | undefined {
  const probe = get(container, field);
  if (probe === undefined) return undefined;
  const path = get(probe, "httpGet", "path");
  const value = (name: string, initial: number): Told | undefined => {
    const found = get(probe, name);
    if (found === undefined) return ms(`${field}.${name}`, initial * 1000, probe.at, kubernetesDefault);
    const seconds = number(found);
    if (seconds === undefined) ledger.note(found.at, `${field}.${name}: not a number`);
    return seconds === undefined ? undefined : ms(`${field}.${name}`, seconds * 1000, found.at);
  };
  const asks = get(probe, "httpGet") !== undefined;
  return {
    name: field,
    purpose,
    at: probe.at,
    path: asks ? placed(`${field} path`, text(path) ?? "/", path?.at ?? probe.at) : undefined,
    opaque: get(probe, "exec") !== undefined || get(probe, "grpc") !== undefined,
    timeout: value("timeoutSeconds", 1),
    interval: value("periodSeconds", 10),
  };
}

/** A number or a percentage of another, rounded as Kubernetes does where it is generous: up. */
export function shareOf(tree: Tree | undefined, whole: number): number | undefined {
  const found = text(tree);
  const share = /^(\d+(?:\.\d+)?)%$/.exec(found ?? "")?.[1];
  return share === undefined ? number(tree) : Math.ceil((Number(share) / 100) * whole);
}

export function autoscalerOf({ kind, name, object }: Workload, { objects }: Bundle): Tree | undefined {
  return near(named(objects, "HorizontalPodAutoscaler"), object).find(
    (one) =>
      text(one, "spec", "scaleTargetRef", "name") === name &&
      (text(one, "spec", "scaleTargetRef", "kind") ?? kind) === kind,
  );
}

function replicasOf(workload: Workload, bundle: Bundle, ledger: Ledger): App["replicas"] {
  const { object } = workload;
  const spec = get(object, "spec") ?? object;
  const scaler = autoscalerOf(workload, bundle);
  const fixed = count(
    "replicas",
    number(spec, "replicas") ?? 1,
    get(spec, "replicas")?.at ?? spec.at,
    number(spec, "replicas") === undefined ? kubernetesDefault : undefined,
  );
  const bound = (name: string, initial: number): Told => {
    const found = get(scaler, "spec", name);
    const value = number(found);
    if (found !== undefined && value === undefined) ledger.note(found.at, `${name}: not a number`);
    return count(
      name,
      value ?? initial,
      found?.at ?? scaler?.at ?? spec.at,
      value === undefined ? kubernetesDefault : undefined,
    );
  };
  const least = scaler === undefined ? fixed : bound("minReplicas", 1);
  const most = scaler === undefined ? fixed : bound("maxReplicas", least.value);
  return { least, most, surge: surgeOf(workload, spec, most.value) };
}

function surgeOf({ kind }: Workload, spec: Tree, most: number): Told {
  const at: Place = get(spec, "strategy")?.at ?? spec.at;
  const rolls = kind === "Deployment" || kind === "Rollout";
  if (!rolls || text(spec, "strategy", "type") === "Recreate")
    return count("maxSurge", 0, at, "none in this kind of update");
  const found = get(spec, "strategy", "rollingUpdate", "maxSurge");
  const value = shareOf(found, most);
  if (value !== undefined && found !== undefined) return count("maxSurge", value, found.at);
  return count("maxSurge", Math.ceil(most / 4), at, "Kubernetes' default, 25 %");
}

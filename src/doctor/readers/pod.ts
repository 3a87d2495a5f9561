import { type App, known, ms, type Prober, type Seen, type Told } from "../facts.ts";
import type { Ledger } from "../source.ts";
import { bytes } from "../units.ts";
import type { Bundle } from "./bundles.ts";
import { databaseUsedBy } from "./cluster-database.ts";
import { heapOf, placed, sleepOf } from "./container.ts";
import type { Workload } from "./kubernetes.ts";
import { givenTo } from "./pod-environment.ts";
import { replicasOf } from "./scaling.ts";
import { type GivenSettings, settingsFrom } from "./settings.ts";
import { toldSeconds, toldSize } from "./told.ts";
import { get, list, number, type Tree, text } from "./yaml.ts";

const origin = "Kubernetes' default";

/** What a workload's pods are to the application in them. */
export function appOf(workload: Workload, bundle: Bundle, outside: GivenSettings, ledger: Ledger): App {
  const { object, pod, container, name } = workload;
  const given = new Map([...outside, ...givenTo({ container, workload: object }, bundle, outside, ledger)]);
  const command = [...list(container, "command"), ...list(container, "args")];
  const grace = { name: "terminationGracePeriodSeconds", initial: 30_000, at: pod.at, origin };
  return {
    name,
    platform: "kubernetes",
    at: get(object, "metadata", "name")?.at ?? object.at,
    settings: settingsFrom(given, container.at, ledger),
    grace: toldSeconds(get(pod, grace.name), grace, ledger),
    preStop: preStopOf(container, ledger),
    stopSignal: undefined,
    probers: known([
      proberOf(container, "readinessProbe", "ready", ledger),
      proberOf(container, "livenessProbe", "live", ledger),
      proberOf(container, "startupProbe", "startup", ledger),
    ]),
    replicas: replicasOf(workload, bundle, ledger),
    heap: heapOf(
      given,
      command.map((word): Seen => placed("the command", text(word) ?? "", word.at)),
      ledger,
    ),
    memory: toldSize(
      get(container, "resources", "limits", "memory"),
      "memory limit",
      (written) => bytes(written, { decimal: true }),
      ledger,
    ),
    database: databaseUsedBy(workload, given, bundle),
  };
}

function preStopOf(container: Tree, ledger: Ledger): App["preStop"] {
  const hook = get(container, "lifecycle", "preStop");
  if (hook === undefined) return undefined;
  const seconds = get(hook, "sleep", "seconds");
  const value = number(seconds);
  if (seconds !== undefined && value !== undefined) return ms("preStop", value * 1000, seconds.at);
  const command = list(hook, "exec", "command");
  const words = command.map((word) => text(word) ?? "").join(" ");
  const slept = sleepOf(words);
  const line = command.find((word) => /sleep/.test(text(word) ?? "")) ?? hook;
  if (slept !== undefined) return ms("preStop", slept, line.at);
  ledger.note(line.at, `preStop ${words.slice(0, 60) || "without a command"}: how long it takes cannot be seen`);
  return "unknown";
}

function proberOf(container: Tree, field: string, purpose: Prober["purpose"], ledger: Ledger): Prober | undefined {
  const probe = get(container, field);
  if (probe === undefined) return undefined;
  const path = get(probe, "httpGet", "path");
  const value = (name: string, initial: number): Told | undefined =>
    toldSeconds(get(probe, name), { name: `${field}.${name}`, initial: initial * 1000, at: probe.at, origin }, ledger);
  const asks = get(probe, "httpGet") !== undefined;
  const hidden = get(probe, "exec") ?? get(probe, "grpc");
  if (hidden !== undefined) ledger.note(hidden.at, `${field}: what it asks cannot be seen`);
  return {
    name: field,
    purpose,
    at: probe.at,
    path: asks ? placed(`${field} path`, text(path) ?? "/", path?.at ?? probe.at) : undefined,
    opaque: hidden !== undefined,
    timeout: value("timeoutSeconds", 1),
    interval: value("periodSeconds", 10),
  };
}

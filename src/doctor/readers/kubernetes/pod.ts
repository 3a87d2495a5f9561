import type { Diagnostics } from "../../diagnostics.ts";
import type { App, Probe } from "../../facts/app.ts";
import { type ConfigNumber, type ConfigText, defined, ms } from "../../facts/config-values.ts";
import { bytes } from "../../facts/units.ts";
import { resolveSettings, type SettingValues } from "../application-settings.ts";
import { commandText, commandTimeLimit, configText, heapOf, sleepOf } from "../container.ts";
import { readCount, readSeconds, readSize } from "../read-config-number.ts";
import { get, list, number, type Tree, text } from "../yaml-tree.ts";
import { databaseUsedBy } from "./cluster-database.ts";
import type { Workload } from "./cluster-objects.ts";
import type { Manifests } from "./manifests.ts";
import { containerEnvironment } from "./pod-environment.ts";
import { replicasOf } from "./scaling.ts";

const origin = "Kubernetes' default";

/** Describes a workload as an app: settings, probes, grace period, replicas and memory. */
export function appOf(
  workload: Workload,
  manifests: Manifests,
  externalSettings: SettingValues,
  diagnostics: Diagnostics,
): App {
  const { object, pod, container, name } = workload;
  const environment = new Map([
    ...externalSettings,
    ...containerEnvironment({ container, workload: object }, manifests, externalSettings, diagnostics),
  ]);
  const command = [...list(container, "command"), ...list(container, "args")];
  const gracePeriod = { name: "terminationGracePeriodSeconds", value: 30_000, at: pod.at, origin };
  return {
    name,
    platform: "kubernetes",
    at: get(object, "metadata", "name")?.at ?? object.at,
    settings: resolveSettings(environment, container.at, diagnostics),
    gracePeriod: readSeconds(get(pod, gracePeriod.name), gracePeriod, diagnostics),
    preStop: preStopOf(container, diagnostics),
    stopSignal: undefined,
    probes: defined([
      probeOf(container, "readinessProbe", "ready", diagnostics),
      probeOf(container, "livenessProbe", "live", diagnostics),
      probeOf(container, "startupProbe", "startup", diagnostics),
    ]),
    replicas: replicasOf(workload, manifests, diagnostics),
    heap: heapOf(
      environment,
      command.map((word): ConfigText => configText("the command", text(word) ?? "", word.at)),
      diagnostics,
    ),
    memory: readSize(
      get(container, "resources", "limits", "memory"),
      "memory limit",
      (written) => bytes(written, { decimal: true }),
      diagnostics,
    ),
    database: databaseUsedBy(workload, environment, manifests),
  };
}

function preStopOf(container: Tree, diagnostics: Diagnostics): App["preStop"] {
  const hook = get(container, "lifecycle", "preStop");
  if (hook === undefined) return undefined;
  const seconds = get(hook, "sleep", "seconds");
  const value = number(seconds);
  if (seconds !== undefined && value !== undefined) return ms("preStop", value * 1000, seconds.at);
  const command = list(hook, "exec", "command");
  const words = command.map((word) => text(word) ?? "").join(" ");
  const durationMs = sleepOf(words);
  const line = command.find((word) => /sleep/.test(text(word) ?? "")) ?? hook;
  if (durationMs !== undefined) return ms("preStop", durationMs, line.at);
  diagnostics.addNote(
    line.at,
    `preStop ${words.slice(0, 60) || "without a command"}: the duration of this hook is unknown`,
  );
  return "unknown";
}

function probeOf(
  container: Tree,
  field: string,
  purpose: Probe["purpose"],
  diagnostics: Diagnostics,
): Probe | undefined {
  const probe = get(container, field);
  if (probe === undefined) return undefined;
  const path = get(probe, "httpGet", "path");
  const secondsField = (name: string, defaultValue: number): ConfigNumber | undefined =>
    readSeconds(
      get(probe, name),
      { name: `${field}.${name}`, value: defaultValue * 1000, at: probe.at, origin },
      diagnostics,
    );
  const command = get(probe, "exec", "command");
  const limit = commandTimeLimit(commandText(command));
  const isHttpProbe = get(probe, "httpGet") !== undefined;
  const customCheck = get(probe, "exec") ?? get(probe, "grpc");
  if (customCheck !== undefined) diagnostics.addNote(customCheck.at, `${field}: the request of this probe is unknown`);
  return {
    name: field,
    purpose,
    at: probe.at,
    path: isHttpProbe ? configText(`${field} path`, text(path) ?? "/", path?.at ?? probe.at) : undefined,
    hasUnknownRequest: customCheck !== undefined,
    requiresPath: isHttpProbe,
    commandTimeout: limit === undefined ? undefined : ms("time limit of the command", limit, command?.at ?? probe.at),
    timeout: secondsField("timeoutSeconds", 1),
    interval: secondsField("periodSeconds", 10),
    initialDelay: secondsField("initialDelaySeconds", 0),
    failures: readCount(
      get(probe, "failureThreshold"),
      { name: `${field}.failureThreshold`, value: 3, at: probe.at, origin },
      diagnostics,
    ),
  };
}

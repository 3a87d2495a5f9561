import { type Diagnostics, UnreadableError } from "../../diagnostics.ts";
import type { App } from "../../facts/app.ts";
import { type Files, readRequiredFile } from "../../files.ts";
import { resolveSettings, type SettingValue, type SettingValues } from "../application-settings.ts";
import { heapOf } from "../container.ts";
import { readSeconds, readSize } from "../read-config-number.ts";
import { get, list, parseYaml, type Tree, text } from "../yaml-tree.ts";

import { platformProbe } from "./platform-probe.ts";
import { releaseInstances } from "./release-instances.ts";

const gibibytesOfPlan: Readonly<Record<string, number>> = {
  free: 0.5,
  starter: 0.5,
  standard: 2,
  pro: 4,
  "pro plus": 8,
  "pro max": 16,
  "pro ultra": 32,
};

const memoryOfPlan = (plan: string): number | undefined => {
  const gibibytes = gibibytesOfPlan[plan];
  return gibibytes === undefined ? undefined : gibibytes * 1024 ** 3;
};

export function readRender(
  files: Files,
  path: string,
  externalSettings: SettingValues,
  diagnostics: Diagnostics,
): App[] {
  const file = files.displayPath(path);
  const [top] = parseYaml(readRequiredFile(files, path), file);
  if (get(top, "services") === undefined)
    throw new UnreadableError({ file, line: 1 }, "is not a Render Blueprint: it has no services");
  const groups = new Map(list(top, "envVarGroups").map((group) => [text(group, "name") ?? "", group]));
  return list(top, "services")
    .filter(
      (service) => text(service, "type") === "web" && (text(service, "runtime") ?? text(service, "env")) !== "static",
    )
    .map((service) => renderApp(service, groups, externalSettings, diagnostics));
}

function renderApp(
  service: Tree,
  groups: ReadonlyMap<string, Tree>,
  externalSettings: SettingValues,
  diagnostics: Diagnostics,
): App {
  const variables = list(service, "envVars").flatMap((variable) => {
    const group = text(variable, "fromGroup");
    return group === undefined ? [variable] : list(groups.get(group), "envVars");
  });
  const serviceVariables = new Map<string, SettingValue>(
    variables.map((one) => [text(one, "key") ?? "", { text: text(one, "value"), at: get(one, "value")?.at ?? one.at }]),
  );
  const environment = new Map([...externalSettings, ...serviceVariables]);
  const delay = { name: "maxShutdownDelaySeconds", value: 30_000, at: service.at, origin: "Render's default" };
  const plan = get(service, "plan");
  return {
    name: text(service, "name") ?? "the web service",
    platform: "render",
    at: service.at,
    settings: resolveSettings(environment, get(service, "envVars")?.at ?? service.at, diagnostics),
    gracePeriod: readSeconds(get(service, delay.name), delay, diagnostics),
    preStop: undefined,
    stopSignal: undefined,
    probes: platformProbe("Render's health check", "healthCheckPath", get(service, "healthCheckPath")),
    replicas: releaseInstances(
      [get(service, "scaling", "maxInstances") ?? get(service, "numInstances")],
      service.at,
      "Render's default",
      diagnostics,
    ),
    heap: heapOf(environment, [], diagnostics),
    memory: readSize(plan, `memory of the plan ${text(plan) ?? ""}`, memoryOfPlan, diagnostics),
    database: undefined,
  };
}

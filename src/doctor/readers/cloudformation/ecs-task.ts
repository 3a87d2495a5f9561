import type { Diagnostics } from "../../diagnostics.ts";
import type { App } from "../../facts/app.ts";
import { bytes } from "../../facts/units.ts";
import { type Candidate, isBackground, selectApplications } from "../application-candidates.ts";
import {
  isCommonServerSetting,
  isHavenSetting,
  resolveSettings,
  type SettingValue,
  type SettingValues,
} from "../application-settings.ts";
import { commandText, heapOf, imageName, isInfrastructure } from "../container.ts";
import { readSize } from "../read-config-number.ts";
import { get, list, type Tree, text } from "../yaml-tree.ts";
import { secondsToMs, templateNumber } from "./template-values.ts";

type Container = { task: Tree; container: Tree; name: string; environment: ReadonlyMap<string, SettingValue> };

/** Returns the apps for the ECS containers that run the application. */
export const tasksOf = (
  tasks: readonly (readonly [string, Tree])[],
  externalSettings: SettingValues,
  diagnostics: Diagnostics,
): App[] =>
  selectApplications(
    tasks.flatMap(([name, task]) =>
      list(task, "Properties", "ContainerDefinitions")
        .filter((container) => !isInfrastructure(text(container, "Image") ?? ""))
        .map((container) => candidateOf(name, task, container)),
    ),
    diagnostics,
  ).map((container) => appOf(container, externalSettings, diagnostics));

function candidateOf(task: string, tree: Tree, container: Tree): Candidate<Container> {
  const name = text(container, "Name") ?? task;
  const environment = new Map<string, SettingValue>(
    list(container, "Environment").map((one) => [
      text(one, "Name") ?? "",
      { text: text(one, "Value"), at: get(one, "Value")?.at ?? one.at },
    ]),
  );
  const names = [...environment.keys(), ...list(container, "Secrets").map((one) => text(one, "Name") ?? "")];
  const operationalField = get(container, "HealthCheck") ?? get(container, "StopTimeout");
  const serves = list(container, "PortMappings").length > 0 || names.some(isHavenSetting);
  const image = imageName(text(container, "Image") ?? "");
  const command = commandText(get(container, "Command"));
  return {
    value: { task: tree, container, name, environment },
    title: `container ${name}`,
    at: container.at,
    evidence: serves
      ? "serves"
      : operationalField !== undefined || names.some(isCommonServerSetting)
        ? "likely"
        : "none",
    runsInBackground: isBackground(name, command, image),
    program: `${image} ${command}`,
  };
}

function appOf(
  { task, container, name, environment }: Container,
  externalSettings: SettingValues,
  diagnostics: Diagnostics,
): App {
  const settings = new Map([...externalSettings, ...environment]);
  const megabytes = (written: string): number | undefined => bytes(/^[\d.]+$/.test(written) ? `${written}Mi` : written);
  return {
    name,
    platform: "ecs",
    at: container.at,
    settings: resolveSettings(settings, container.at, diagnostics),
    gracePeriod: secondsToMs(
      templateNumber(get(container, "StopTimeout"), "StopTimeout", 30, container.at, diagnostics),
    ),
    preStop: undefined,
    stopSignal: undefined,
    probes: [],
    replicas: undefined,
    heap: heapOf(settings, [], diagnostics),
    memory: readSize(get(container, "Memory") ?? get(task, "Properties", "Memory"), "Memory", megabytes, diagnostics),
    database: undefined,
  };
}

import type { App } from "../facts.ts";
import type { Ledger } from "../source.ts";
import { bytes } from "../units.ts";
import { heapOf, imageName, isInfrastructure, wordsOf } from "./container.ts";
import { type Candidate, isBackground, serving } from "./serving.ts";
import { type Given, type GivenSettings, isLikely, isTelling, settingsFrom } from "./settings.ts";
import { inSeconds, toldBy } from "./template-values.ts";
import { toldSize } from "./told.ts";
import { get, list, type Tree, text } from "./yaml.ts";

type Container = { task: Tree; container: Tree; name: string; own: ReadonlyMap<string, Given> };

/** The containers of ECS that run the application. */
export const tasksOf = (tasks: readonly (readonly [string, Tree])[], outside: GivenSettings, ledger: Ledger): App[] =>
  serving(
    tasks.flatMap(([name, task]) =>
      list(task, "Properties", "ContainerDefinitions")
        .filter((container) => !isInfrastructure(text(container, "Image") ?? ""))
        .map((container) => candidateOf(name, task, container)),
    ),
    ledger,
  ).map((container) => appOf(container, outside, ledger));

function candidateOf(task: string, tree: Tree, container: Tree): Candidate<Container> {
  const name = text(container, "Name") ?? task;
  const own = new Map<string, Given>(
    list(container, "Environment").map((one) => [
      text(one, "Name") ?? "",
      { text: text(one, "Value"), at: get(one, "Value")?.at ?? one.at },
    ]),
  );
  const names = [...own.keys(), ...list(container, "Secrets").map((one) => text(one, "Name") ?? "")];
  const caredFor = get(container, "HealthCheck") ?? get(container, "StopTimeout");
  const serves = list(container, "PortMappings").length > 0 || names.some(isTelling);
  const image = imageName(text(container, "Image") ?? "");
  const command = wordsOf(get(container, "Command"));
  return {
    value: { task: tree, container, name, own },
    title: `container ${name}`,
    at: container.at,
    sign: serves ? "serves" : caredFor !== undefined || names.some(isLikely) ? "likely" : "none",
    background: isBackground(name, command, image),
    program: `${image} ${command}`,
  };
}

function appOf({ task, container, name, own }: Container, outside: GivenSettings, ledger: Ledger): App {
  const given = new Map([...outside, ...own]);
  const megabytes = (written: string): number | undefined => bytes(/^[\d.]+$/.test(written) ? `${written}Mi` : written);
  return {
    name,
    platform: "ecs",
    at: container.at,
    settings: settingsFrom(given, container.at, ledger),
    grace: inSeconds(toldBy(get(container, "StopTimeout"), "StopTimeout", 30, container.at, { ledger })),
    preStop: undefined,
    stopSignal: undefined,
    probers: [],
    replicas: undefined,
    heap: heapOf(given, [], ledger),
    memory: toldSize(get(container, "Memory") ?? get(task, "Properties", "Memory"), "Memory", megabytes, ledger),
    database: undefined,
  };
}

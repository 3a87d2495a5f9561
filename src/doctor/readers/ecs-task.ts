import type { App } from "../facts.ts";
import type { Ledger } from "../source.ts";
import { bytes } from "../units.ts";
import { heapOf, isInfrastructure, placed } from "./container.ts";
import { type Given, type GivenSettings, settingsFrom } from "./settings.ts";
import { inSeconds, toldBy } from "./template-values.ts";
import { get, list, type Tree, text } from "./yaml.ts";

export function tasksOf(name: string, task: Tree, outside: GivenSettings, ledger: Ledger): App[] {
  return list(task, "Properties", "ContainerDefinitions").flatMap((container): App[] => {
    const image = text(container, "Image") ?? "";
    if (isInfrastructure(image) || list(container, "PortMappings").length === 0) return [];
    const own = new Map<string, Given>(
      list(container, "Environment").map((one) => [
        text(one, "Name") ?? "",
        { text: text(one, "Value"), at: get(one, "Value")?.at ?? one.at },
      ]),
    );
    const stop = get(container, "StopTimeout");
    const options = own.get("NODE_OPTIONS");
    const memory = get(container, "Memory") ?? get(task, "Properties", "Memory");
    const written = text(memory) ?? "";
    const limit = bytes(/^[\d.]+$/.test(written) ? `${written}Mi` : written);
    return [
      {
        name: text(container, "Name") ?? name,
        platform: "ecs",
        at: container.at,
        settings: settingsFrom(new Map([...outside, ...own]), container.at, ledger),
        grace: inSeconds(toldBy(stop, "StopTimeout", 30, container.at, { ledger })),
        preStop: undefined,
        stopSignal: undefined,
        probers: [],
        replicas: undefined,
        heap: heapOf(options?.text === undefined ? [] : [placed("NODE_OPTIONS", options.text, options.at)], ledger),
        memory:
          limit === undefined || memory === undefined
            ? undefined
            : { name: "Memory", value: limit, unit: "bytes", at: memory.at },
      },
    ];
  });
}

import type { Diagnostics } from "../../diagnostics.ts";
import type { App, Probe } from "../../facts/app.ts";
import { type ConfigNumber, defined, ms, type Place } from "../../facts/config-values.ts";
import { bytes } from "../../facts/units.ts";
import type { Files } from "../../files.ts";
import { resolveSettings, type SettingValues } from "../application-settings.ts";
import { commandText, commandTimeLimit, configText, heapOf } from "../container.ts";
import { readCount, readSize, readTime } from "../read-config-number.ts";
import { get, type Tree, text } from "../yaml-tree.ts";
import { environmentOf } from "./compose-environment.ts";

export type Service = { name: string; tree: Tree; image: string; command: string };
export type ComposeContext = {
  files: Files;
  folder: string;
  externalSettings: SettingValues;
  diagnostics: Diagnostics;
};

const origin = "Compose's default";

/** Describes a Compose service that runs instances of the application. */
export function appOf({ name, tree, command }: Service, context: ComposeContext): App {
  const { externalSettings, diagnostics } = context;
  const environment = new Map([...externalSettings, ...environmentOf(tree, context)]);
  const signal = get(tree, "stop_signal");
  const gracePeriod = { name: "stop_grace_period", value: 10_000, at: tree.at, origin };
  return {
    name,
    platform: "compose",
    at: tree.at,
    settings: resolveSettings(environment, get(tree, "environment")?.at ?? tree.at, diagnostics),
    gracePeriod: readTime(get(tree, "stop_grace_period"), gracePeriod, diagnostics),
    preStop: undefined,
    stopSignal: signal && configText("stop_signal", text(signal) ?? "", signal.at),
    probes: defined([probeOf(tree, diagnostics)]),
    replicas: replicasOf(tree, diagnostics),
    heap: heapOf(environment, [configText("command", command, get(tree, "command")?.at ?? tree.at)], diagnostics),
    memory: readSize(
      get(tree, "deploy", "resources", "limits", "memory") ?? get(tree, "mem_limit"),
      "memory limit",
      bytes,
      diagnostics,
    ),
    database: tree.at.file,
  };
}

/** Returns the path of a URL in the command, or a known probe path that is passed to a script. */
const requestedPath = (words: string): string | undefined =>
  /(?:https?:\/\/[^/\s"']+|\b(?:localhost|127\.0\.0\.1)(?::\d+)?)(\/[^\s"'?)]*)/.exec(words)?.[1] ??
  /\s(\/(?:health\/)?(?:alive|livez?|readyz?|startupz?|health))$/.exec(words)?.[1];

function commandTimeoutOf(words: string, at: Place): ConfigNumber | undefined {
  const limit = commandTimeLimit(words);
  return limit === undefined ? undefined : ms("time limit of the command", limit, at);
}

function probeOf(tree: Tree, diagnostics: Diagnostics): Probe | undefined {
  const check = get(tree, "healthcheck");
  const test = get(check, "test");
  const words = commandText(test);
  if (check === undefined || text(check, "disable") === "true" || words === "NONE") return undefined;
  const path = requestedPath(words);
  const at = test?.at ?? check.at;
  if (path === undefined)
    diagnostics.addNote(at, `healthcheck ${words.slice(0, 40)}: the request of this command is unknown`);
  const time = (name: string): ConfigNumber | undefined =>
    readTime(get(check, name), { name: `healthcheck ${name}`, value: 30_000, at: check.at, origin }, diagnostics);
  return {
    name: "healthcheck",
    purpose: "ready",
    at: check.at,
    path: path === undefined ? undefined : configText("healthcheck test", path, at),
    hasUnknownRequest: path === undefined,
    timeout: time("timeout"),
    interval: time("interval"),
    commandTimeout: commandTimeoutOf(words, at),
    waitsForAnswer: true,
  };
}

/**
 * Returns the number of replicas, and of those added during an update. By default none is added, because Compose stops
 * an instance before it starts the new one.
 */
function replicasOf(tree: Tree, diagnostics: Diagnostics): App["replicas"] {
  const found = get(tree, "deploy", "replicas") ?? get(tree, "scale");
  const replicas = readCount(found, { name: "replicas", value: 1, at: tree.at, origin }, diagnostics);
  const order = get(tree, "deploy", "update_config", "order");
  const startsFirst = text(order) === "start-first";
  const at: Place = order?.at ?? tree.at;
  const name = "additional instances during an update";
  const surge = startsFirst
    ? readCount(get(tree, "deploy", "update_config", "parallelism"), { name, value: 1, at, origin }, diagnostics)
    : readCount(undefined, { name, value: 0, at, origin }, diagnostics);
  return { min: replicas, max: replicas, surge };
}

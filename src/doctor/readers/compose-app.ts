import { type App, known, type Place, type Prober, type Told } from "../facts.ts";
import type { Files, Ledger } from "../source.ts";
import { bytes } from "../units.ts";
import type { Service } from "./compose.ts";
import { environmentOf } from "./compose-environment.ts";
import { heapOf, placed, wordsOf } from "./container.ts";
import { type GivenSettings, settingsFrom } from "./settings.ts";
import { toldCount, toldSize, toldTime } from "./told.ts";
import { get, type Tree, text } from "./yaml.ts";

export type Within = { files: Files; folder: string; outside: GivenSettings; ledger: Ledger };

const origin = "Compose's default";

/** A service that runs instances of the application. */
export function appOf({ name, tree, command }: Service, within: Within): App {
  const { outside, ledger } = within;
  const given = new Map([...outside, ...environmentOf(tree, within)]);
  const signal = get(tree, "stop_signal");
  const grace = { name: "stop_grace_period", initial: 10_000, at: tree.at, origin };
  return {
    name,
    platform: "compose",
    at: tree.at,
    settings: settingsFrom(given, get(tree, "environment")?.at ?? tree.at, ledger),
    grace: toldTime(get(tree, "stop_grace_period"), grace, ledger),
    preStop: undefined,
    stopSignal: signal && placed("stop_signal", text(signal) ?? "", signal.at),
    probers: known([proberOf(tree, ledger)]),
    replicas: replicasOf(tree, ledger),
    heap: heapOf(given, [placed("command", command, get(tree, "command")?.at ?? tree.at)], ledger),
    memory: toldSize(
      get(tree, "deploy", "resources", "limits", "memory") ?? get(tree, "mem_limit"),
      "memory limit",
      bytes,
      ledger,
    ),
    database: tree.at.file,
  };
}

/** The path of an address, or one of a probe that a script is handed. */
const askedBy = (words: string): string | undefined =>
  /(?:https?:\/\/[^/\s"']+|\b(?:localhost|127\.0\.0\.1)(?::\d+)?)(\/[^\s"'?)]*)/.exec(words)?.[1] ??
  /\s(\/(?:health\/)?(?:alive|livez?|readyz?|startupz?|health))$/.exec(words)?.[1];

function proberOf(tree: Tree, ledger: Ledger): Prober | undefined {
  const check = get(tree, "healthcheck");
  const test = get(check, "test");
  const words = wordsOf(test);
  if (check === undefined || text(check, "disable") === "true" || words === "NONE") return undefined;
  const path = askedBy(words);
  const at = test?.at ?? check.at;
  if (path === undefined) ledger.note(at, `healthcheck ${words.slice(0, 40)}: what it asks cannot be seen`);
  const time = (name: string): Told | undefined =>
    toldTime(get(check, name), { name: `healthcheck ${name}`, initial: 30_000, at: check.at, origin }, ledger);
  return {
    name: "healthcheck",
    purpose: "ready",
    at: check.at,
    path: path === undefined ? undefined : placed("healthcheck test", path, at),
    opaque: path === undefined,
    timeout: time("timeout"),
    interval: time("interval"),
    pauses: true,
  };
}

/** Compose stops an instance before it starts its successor, unless told otherwise. */
function replicasOf(tree: Tree, ledger: Ledger): App["replicas"] {
  const found = get(tree, "deploy", "replicas") ?? get(tree, "scale");
  const replicas = toldCount(found, { name: "replicas", initial: 1, at: tree.at, origin }, ledger);
  const order = get(tree, "deploy", "update_config", "order");
  const first = text(order) === "start-first";
  const at: Place = order?.at ?? tree.at;
  const name = "instances more during an update";
  const surge = first
    ? toldCount(get(tree, "deploy", "update_config", "parallelism"), { name, initial: 1, at, origin }, ledger)
    : toldCount(undefined, { name, initial: 0, at, origin }, ledger);
  return { least: replicas, most: replicas, surge };
}

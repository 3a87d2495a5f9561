import { basename, dirname, join } from "node:path";
import { type App, count, known, ms, type Place, type Prober, type Seen, type Told } from "../facts.ts";
import { type Files, type Ledger, readWanted, Unreadable } from "../source.ts";
import { bytes, milliseconds } from "../units.ts";
import { extended } from "./compose-extends.ts";
import { heapOf, isInfrastructure, isPostgresImage, maxConnectionsOf, placed } from "./container.ts";
import { type Given, type GivenSettings, isTelling, readDotEnv, settingsFrom } from "./settings.ts";
import { entries, get, list, number, parseYaml, type Tree, text } from "./yaml.ts";

export type Service = { name: string; tree: Tree; image: string; command: string };
export type Compose = { file: string; services: readonly Service[]; apps: readonly Service[] };

const composeDefault = "Compose's default";

export function readCompose(
  files: Files,
  path: string,
  { outside, hosts, ledger }: { outside: GivenSettings; hosts: readonly string[]; ledger: Ledger },
): { compose: Compose; apps: App[]; databases: Told[] } {
  const file = files.shown(path);
  const [top] = parseYaml(readWanted(files, path), file);
  if (get(top, "services") === undefined)
    throw new Unreadable({ file, line: 1 }, "is no Compose file: it has no services");
  const beside = join(dirname(path), ".env");
  const variables =
    files.kind(beside) === "file"
      ? readDotEnv(readWanted(files, beside), files.shown(beside), ledger)
      : new Map<string, Given>();
  for (const name of ["include"]) {
    const found = get(top, name);
    if (found !== undefined) ledger.note(found.at, `Compose: ${name} is not followed`);
  }
  const services = entries(top, "services").map(([name, tree]) =>
    serviceOf(name, interpolated(extended(tree, { path, top }, { files, ledger }), variables, ledger)),
  );
  const apps = services.filter((service) => isApp(service, hosts));
  return {
    compose: { file, services, apps },
    apps: apps.map((service) => appOf(service, { files, folder: dirname(path), outside, ledger })),
    databases: services.filter(({ image }) => isPostgresImage(image)).map(databaseOf),
  };
}

/** `${NAME:-default}` by the .env file beside, else by its default. What has neither stays as it is written. */
function interpolated(tree: Tree, variables: ReadonlyMap<string, Given>, ledger: Ledger): Tree {
  if (tree.kind === "map")
    return {
      ...tree,
      entries: new Map([...tree.entries].map(([name, value]) => [name, interpolated(value, variables, ledger)])),
    };
  if (tree.kind === "list") return { ...tree, items: tree.items.map((item) => interpolated(item, variables, ledger)) };
  if (typeof tree.value !== "string" || !tree.value.includes("$")) return tree;
  const value = tree.text
    .replaceAll(/\$\{(\w+)(?::?([-?+])([^}]*))?\}/g, (whole, name: string, kind?: string, other?: string) => {
      const found = variables.get(name)?.text;
      if (kind === "-" && (found === undefined || found === "")) return other ?? "";
      return found ?? whole;
    })
    .replaceAll("$$", "$");
  return { ...tree, value, text: value };
}

const wordsOf = (tree: Tree | undefined): string =>
  tree?.kind === "list" ? tree.items.map((item) => text(item) ?? "").join(" ") : (text(tree) ?? "");

/** What is built here has no image, but the name of what it is built of: `build: ./nginx`. */
function likelyImage(name: string, tree: Tree): string {
  const context = text(tree, "build") ?? text(tree, "build", "context") ?? "";
  return [basename(context), name].find(isInfrastructure) ?? "";
}

const serviceOf = (name: string, tree: Tree): Service => ({
  name,
  tree,
  image: text(tree, "image") ?? likelyImage(name, tree),
  command: `${wordsOf(get(tree, "entrypoint"))} ${wordsOf(get(tree, "command"))}`.trim(),
});

/** It serves: a proxy names it, or it has a port, a health check over HTTP or one of the application's settings. */
function isApp({ name, tree, image, command }: Service, hosts: readonly string[]): boolean {
  if (isInfrastructure(image) || /\bmigrate\b/.test(command) || text(tree, "restart") === "no") return false;
  if (hosts.includes(name)) return true;
  if (get(tree, "ports") ?? get(tree, "expose")) return true;
  return (
    /https?:\/\//.test(wordsOf(get(tree, "healthcheck", "test"))) || environmentOf(tree).some(([key]) => isTelling(key))
  );
}

/** A map of names, or a list of NAME=value. A name alone is taken from where Compose runs. */
function environmentOf(tree: Tree): (readonly [string, Given])[] {
  const named = entries(tree, "environment").map(([key, value]) => [key, given(text(value) ?? "", value.at)] as const);
  const listed = list(tree, "environment").map((item) => {
    const [, key = "", value] = /^([^=]*)(?:=(.*))?$/s.exec(text(item) ?? "") ?? [];
    return [key, value === undefined ? { text: undefined, at: item.at } : given(value, item.at)] as const;
  });
  return [...named, ...listed];
}

const given = (value: string, at: Place): Given => ({ text: /\$\{?\w/.test(value) ? undefined : value, at });

type Within = { files: Files; folder: string; outside: GivenSettings; ledger: Ledger };

function fromFiles(tree: Tree, { files, folder, ledger }: Within): Map<string, Given> {
  const all = new Map<string, Given>();
  const one = get(tree, "env_file");
  const wanted = one === undefined ? [] : one.kind === "list" ? one.items : [one];
  for (const entry of wanted) {
    const name = text(entry) ?? text(entry, "path");
    if (name === undefined) continue;
    const path = join(folder, name);
    if (files.kind(path) !== "file") {
      if (text(entry, "required") !== "false")
        ledger.note(entry.at, `env_file ${name}: not found, so what it sets is not known`);
    } else
      for (const [key, value] of readDotEnv(readWanted(files, path), files.shown(path), ledger)) all.set(key, value);
  }
  return all;
}

function appOf(service: Service, within: Within): App {
  const { name, tree, command } = service;
  const { outside, ledger } = within;
  const own = new Map([...fromFiles(tree, within), ...environmentOf(tree)]);
  const time = (label: string, found: Tree | undefined, initial: number, at: Place): Told | undefined => {
    if (found === undefined) return ms(label, initial, at, composeDefault);
    const value = milliseconds(text(found) ?? "", "s");
    if (value === undefined)
      ledger.note(found.at, `${label} ${text(found) ?? ""}: not a time, or a variable whose value is not known`);
    return value === undefined ? undefined : ms(label, value, found.at);
  };
  const signal = get(tree, "stop_signal");
  const options = own.get("NODE_OPTIONS");
  const memory = get(tree, "deploy", "resources", "limits", "memory") ?? get(tree, "mem_limit");
  const limit = memory === undefined ? undefined : bytes(text(memory) ?? "");
  const seen: Seen[] = options?.text === undefined ? [] : [placed("NODE_OPTIONS", options.text, options.at)];
  return {
    name,
    platform: "compose",
    at: tree.at,
    settings: settingsFrom(new Map([...outside, ...own]), get(tree, "environment")?.at ?? tree.at, ledger),
    grace: time("stop_grace_period", get(tree, "stop_grace_period"), 10_000, tree.at),
    preStop: undefined,
    stopSignal: signal && placed("stop_signal", text(signal) ?? "", signal.at),
    probers: known([proberOf(tree, time)]),
    replicas: replicasOf(tree),
    heap: heapOf([...seen, placed("command", command, get(tree, "command")?.at ?? tree.at)], ledger),
    memory:
      limit === undefined || memory === undefined
        ? undefined
        : { name: "memory limit", value: limit, unit: "bytes", at: memory.at },
  };
}

type TimeReader = (label: string, found: Tree | undefined, initial: number, at: Place) => Told | undefined;

function proberOf(tree: Tree, time: TimeReader): Prober | undefined {
  const check = get(tree, "healthcheck");
  if (check === undefined || text(check, "disable") === "true") return undefined;
  const test = get(check, "test");
  const words = wordsOf(test);
  const path = /https?:\/\/[^/\s"']+(\/[^\s"'?)]*)/.exec(words)?.[1];
  const at = test?.at ?? check.at;
  return {
    name: "healthcheck",
    purpose: "ready",
    at: check.at,
    path: path === undefined ? undefined : placed("healthcheck test", path, at),
    opaque: path === undefined,
    timeout: time("healthcheck timeout", get(check, "timeout"), 30_000, check.at),
    interval: time("healthcheck interval", get(check, "interval"), 30_000, check.at),
    pauses: true,
  };
}

/** Compose stops an instance before it starts its successor, unless told otherwise. */
function replicasOf(tree: Tree): App["replicas"] {
  const found = get(tree, "deploy", "replicas") ?? get(tree, "scale");
  const value = number(found);
  const origin = value === undefined ? composeDefault : undefined;
  const replicas = count("replicas", value ?? 1, found?.at ?? tree.at, origin);
  const order = get(tree, "deploy", "update_config", "order");
  const first = text(order) === "start-first";
  const surge = first ? (number(tree, "deploy", "update_config", "parallelism") ?? 1) : 0;
  return {
    least: replicas,
    most: replicas,
    surge: count("instances more during an update", surge, order?.at ?? tree.at, first ? undefined : composeDefault),
  };
}

function databaseOf({ tree, command }: Service): Told {
  const value = maxConnectionsOf(command);
  const place = get(tree, "command") ?? get(tree, "image");
  return count(
    "max_connections",
    value ?? 100,
    place?.at ?? tree.at,
    value === undefined ? "Postgres' default" : undefined,
  );
}

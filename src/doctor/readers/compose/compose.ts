import { basename, dirname, join } from "node:path";
import { defined } from "../../config-values.ts";
import { createDiagnostics, type Diagnostics, UnreadableError } from "../../diagnostics.ts";
import type { App } from "../../facts.ts";
import { type Files, isReadable, readOptionalText, readRequiredFile } from "../../files.ts";
import { type Candidate, isBackground, selectApplications } from "../application-candidates.ts";
import {
  isCommonServerSetting,
  isHavenSetting,
  readDotEnv,
  type SettingValue,
  type SettingValues,
} from "../application-settings.ts";
import {
  commandText,
  imageName,
  isDatabaseImage,
  isInfrastructure,
  isPostgresImage,
  isProxyImage,
} from "../container.ts";
import { type ConnectionLimit, containerConnectionLimit } from "../postgres-limit.ts";
import { entries, get, list, parseYaml, type Tree, text } from "../yaml-tree.ts";
import { appOf, type ComposeContext, type Service } from "./compose-app.ts";
import { environmentOf } from "./compose-environment.ts";
import { extended } from "./compose-extends.ts";

export type Compose = { file: string; services: readonly Service[]; apps: readonly Service[] };

export function readCompose(
  files: Files,
  path: string,
  {
    externalSettings,
    hosts,
    diagnostics,
  }: { externalSettings: SettingValues; hosts: readonly string[]; diagnostics: Diagnostics },
): { compose: Compose; apps: App[]; databases: ConnectionLimit[] } {
  const file = files.displayPath(path);
  const [top] = parseYaml(readRequiredFile(files, path), file);
  if (get(top, "services") === undefined)
    throw new UnreadableError({ file, line: 1 }, "is not a Compose file: it has no services");
  const alongside = join(dirname(path), ".env");
  const variables = isReadable(files, alongside)
    ? readDotEnv(readOptionalText(files, alongside), files.displayPath(alongside), diagnostics)
    : new Map<string, SettingValue>();
  const include = get(top, "include");
  if (include !== undefined) diagnostics.addNote(include.at, "Compose: include is not followed");
  const services = entries(top, "services").map(([name, tree]) =>
    serviceOf(name, interpolated(extended(tree, { path, top }, { files, diagnostics }), variables)),
  );
  const containing = { files, folder: dirname(path), externalSettings, diagnostics };
  const apps = selectApplications(candidatesOf(services, hosts, containing), diagnostics);
  return {
    compose: { file, services, apps },
    apps: apps.map((service) => appOf(service, containing)),
    databases: services.filter(({ image }) => isPostgresImage(image)).map((one) => databaseOf(one, containing)),
  };
}

/** Replaces `${NAME:-default}` by the .env file in the same folder, otherwise by the default, otherwise not at all. */
function interpolated(tree: Tree, variables: ReadonlyMap<string, SettingValue>): Tree {
  if (tree.kind === "map")
    return {
      ...tree,
      entries: new Map([...tree.entries].map(([name, value]) => [name, interpolated(value, variables)])),
    };
  if (tree.kind === "list") return { ...tree, items: tree.items.map((item) => interpolated(item, variables)) };
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

/** A service that is built here has no image name. The name of its build folder suggests one: `build: ./nginx`. */
function likelyImage(name: string, tree: Tree): string {
  return [basename(contextOf(tree)), name].find(isInfrastructure) ?? "";
}

const contextOf = (tree: Tree): string => text(tree, "build") ?? text(tree, "build", "context") ?? "";

const serviceOf = (name: string, tree: Tree): Service => ({
  name,
  tree,
  image: text(tree, "image") ?? likelyImage(name, tree),
  command: `${commandText(get(tree, "entrypoint"))} ${commandText(get(tree, "command"))}`.trim(),
});

/** Leaves out well-known images, migrations and services that run once. */
const isCandidate = ({ tree, image, command }: Service): boolean =>
  !isInfrastructure(image) && !/\bmigrate\b/.test(command) && text(tree, "restart") !== "no";

const dependenciesOf = ({ tree }: Service): string[] => [
  ...entries(tree, "depends_on").map(([name]) => name),
  ...list(tree, "depends_on").map((one) => text(one) ?? ""),
];

const operationalSettings = ["healthcheck", "stop_grace_period", "stop_signal", "mem_limit", "deploy"];

function candidatesOf(
  services: readonly Service[],
  hosts: readonly string[],
  containing: ComposeContext,
): Candidate<Service>[] {
  const databases = new Set(services.filter(({ image }) => isDatabaseImage(image)).map(({ name }) => name));
  const inFront = services.filter(({ image }) => isProxyImage(image)).flatMap(dependenciesOf);
  const passedTo = new Set([...hosts, ...inFront]);
  return services.filter(isCandidate).map((service) => {
    const { name, tree, image, command } = service;
    // Missing files are recorded later, and only for the services that are selected.
    const given = [...environmentOf(tree, { ...containing, diagnostics: createDiagnostics() }).keys()];
    const serves =
      passedTo.has(name) ||
      (get(tree, "ports") ?? get(tree, "expose")) !== undefined ||
      /https?:\/\//.test(commandText(get(tree, "healthcheck", "test"))) ||
      given.some(isHavenSetting);
    const likely =
      operationalSettings.some((key) => get(tree, key) !== undefined) ||
      given.some(isCommonServerSetting) ||
      dependenciesOf(service).some((other) => databases.has(other));
    return {
      value: service,
      title: `service ${name}`,
      at: tree.at,
      evidence: serves ? "serves" : likely ? "likely" : "none",
      background: isBackground(name, command, imageName(image)),
      program: `${image} ${contextOf(tree)} ${command}`,
    };
  });
}

function databaseOf({ tree }: Service, containing: ComposeContext): ConnectionLimit {
  const commands = defined([get(tree, "entrypoint"), get(tree, "command")]);
  return containerConnectionLimit(
    {
      command: commands.flatMap((command) => (command.kind === "list" ? command.items : [command])),
      given: environmentOf(tree, { ...containing, diagnostics: createDiagnostics() }),
      files: [],
      at: (get(tree, "command") ?? get(tree, "image") ?? tree).at,
    },
    containing.diagnostics,
  );
}

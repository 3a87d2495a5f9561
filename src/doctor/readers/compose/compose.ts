import { basename, dirname, join } from "node:path";
import { createDiagnostics, type Diagnostics, UnreadableError } from "../../diagnostics.ts";
import type { App } from "../../facts/app.ts";
import { defined } from "../../facts/config-values.ts";
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
  isInfrastructurePorts,
  isPostgresImage,
  isProxyImage,
} from "../container.ts";
import { type ConnectionLimit, containerConnectionLimit } from "../postgres-limit.ts";
import { entries, get, list, parseYaml, type Tree, text } from "../yaml-tree.ts";
import { appOf, type ComposeContext, type Service } from "./compose-app.ts";
import { environmentOf } from "./compose-environment.ts";
import { applyExtends } from "./compose-extends.ts";

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
  const envFile = join(dirname(path), ".env");
  const variables = isReadable(files, envFile)
    ? readDotEnv(readOptionalText(files, envFile), files.displayPath(envFile), diagnostics)
    : new Map<string, SettingValue>();
  const include = get(top, "include");
  if (include !== undefined) diagnostics.addNote(include.at, "Compose: include is not followed");
  const services = entries(top, "services").map(([name, tree]) =>
    serviceOf(name, interpolate(applyExtends(tree, { path, top }, { files, diagnostics }), variables)),
  );
  const context = { files, folder: dirname(path), externalSettings, diagnostics };
  const apps = selectApplications(candidatesOf(services, hosts, context), diagnostics);
  return {
    compose: { file, services, apps },
    apps: apps.map((service) => appOf(service, context)),
    databases: services.filter(({ image }) => isPostgresImage(image)).map((one) => databaseOf(one, context)),
  };
}

/**
 * Replaces `${NAME:-default}` with the value of NAME in the .env file of the same folder, or else with the default. If
 * NAME is not set and there is no default, the expression is kept unchanged.
 */
function interpolate(tree: Tree, variables: ReadonlyMap<string, SettingValue>): Tree {
  if (tree.kind === "map")
    return {
      ...tree,
      entries: new Map([...tree.entries].map(([name, value]) => [name, interpolate(value, variables)])),
    };
  if (tree.kind === "list") return { ...tree, items: tree.items.map((item) => interpolate(item, variables)) };
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

/**
 * Guesses the image of a service that is built locally. Returns the name of the build folder (`build: ./nginx`), or else
 * of the service, if it is the name of a proxy or a store. Otherwise returns "".
 */
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
const isCandidate = ({ name, tree, image, command }: Service): boolean =>
  !isInfrastructure(image) &&
  !isNamedLikeDatabase(name) &&
  !isOneShot(name) &&
  // A service without an image and a build only changes a service of another Compose file.
  (get(tree, "image") ?? get(tree, "build")) !== undefined &&
  !isInfrastructurePorts(containerPortsOf(tree)) &&
  !/\bmigrate\b/.test(command) &&
  text(tree, "restart") !== "no";

/** Returns whether the name is that of a service that runs once, such as `migrate` or `db-init`. */
const isOneShot = (name: string): boolean =>
  /(?:^|[-_])(?:init\w*|setup|seed\w*|migrat\w*|bootstrap|provision\w*|create\w*|wait\w*|tests?)(?:$|[-_])/i.test(name);

/** Returns whether a locally built service is named after a database: `db-replica`, `postgres_slave1`, `mysql-master`. */
const isNamedLikeDatabase = (name: string): boolean =>
  /^(?:db|database|postgres\w*|pg|mysql\w*|mariadb|mongo\w*|redis\w*|rabbitmq\w*|clickhouse\w*|kafka\w*)(?:$|[-_.\d])/i.test(
    name,
  );

/** Returns the ports inside of the container, of `ports` and `expose`. */
const containerPortsOf = (tree: Tree): number[] =>
  [...list(tree, "ports"), ...list(tree, "expose")].flatMap((port) => {
    const written = text(port, "target") ?? /(\d+)(?:\/\w+)?$/.exec(text(port) ?? "")?.[1];
    return written === undefined ? [] : [Number(written)];
  });

const dependenciesOf = ({ tree }: Service): string[] => [
  ...entries(tree, "depends_on").map(([name]) => name),
  ...list(tree, "depends_on").map((one) => text(one) ?? ""),
];

const operationalKeys = ["healthcheck", "stop_grace_period", "stop_signal", "mem_limit", "deploy"];

function candidatesOf(
  services: readonly Service[],
  hosts: readonly string[],
  context: ComposeContext,
): Candidate<Service>[] {
  const databases = new Set(services.filter(({ image }) => isDatabaseImage(image)).map(({ name }) => name));
  const proxyDependencies = services.filter(({ image }) => isProxyImage(image)).flatMap(dependenciesOf);
  const forwardTargets = new Set([...hosts, ...proxyDependencies]);
  return services.filter(isCandidate).map((service) => {
    const { name, tree, image, command } = service;
    // Missing files are recorded later, and only for the services that are selected.
    const variableNames = [...environmentOf(tree, { ...context, diagnostics: createDiagnostics() }).keys()];
    const serves =
      forwardTargets.has(name) ||
      (get(tree, "ports") ?? get(tree, "expose")) !== undefined ||
      /https?:\/\//.test(commandText(get(tree, "healthcheck", "test"))) ||
      variableNames.some(isHavenSetting);
    const likely =
      operationalKeys.some((key) => get(tree, key) !== undefined) ||
      variableNames.some(isCommonServerSetting) ||
      dependenciesOf(service).some((other) => databases.has(other));
    return {
      value: service,
      title: `service ${name}`,
      at: tree.at,
      evidence: serves ? "serves" : likely ? "likely" : "none",
      runsInBackground: isBackground(name, command, imageName(image)),
      program: `${image} ${contextOf(tree)} ${command}`,
    };
  });
}

function databaseOf({ tree }: Service, context: ComposeContext): ConnectionLimit {
  const commands = defined([get(tree, "entrypoint"), get(tree, "command")]);
  return containerConnectionLimit(
    {
      command: commands.flatMap((command) => (command.kind === "list" ? command.items : [command])),
      environment: environmentOf(tree, { ...context, diagnostics: createDiagnostics() }),
      files: [],
      at: (get(tree, "command") ?? get(tree, "image") ?? tree).at,
    },
    context.diagnostics,
  );
}

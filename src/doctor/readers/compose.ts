import { basename, dirname, join } from "node:path";
import { type App, known } from "../facts.ts";
import { createLedger, type Files, isReadable, type Ledger, readSettings, readWanted, Unreadable } from "../source.ts";
import { appOf, type Within } from "./compose-app.ts";
import { environmentOf } from "./compose-environment.ts";
import { extended } from "./compose-extends.ts";
import { imageName, isDatabaseImage, isInfrastructure, isPostgresImage, isProxyImage, wordsOf } from "./container.ts";
import { type Limit, limitOf } from "./postgres.ts";
import { type Candidate, isBackground, serving } from "./serving.ts";
import { type Given, type GivenSettings, isLikely, isTelling, readDotEnv } from "./settings.ts";
import { entries, get, list, parseYaml, type Tree, text } from "./yaml.ts";

export type Service = { name: string; tree: Tree; image: string; command: string };
export type Compose = { file: string; services: readonly Service[]; apps: readonly Service[] };

export function readCompose(
  files: Files,
  path: string,
  { outside, hosts, ledger }: { outside: GivenSettings; hosts: readonly string[]; ledger: Ledger },
): { compose: Compose; apps: App[]; databases: Limit[] } {
  const file = files.shown(path);
  const [top] = parseYaml(readWanted(files, path), file);
  if (get(top, "services") === undefined)
    throw new Unreadable({ file, line: 1 }, "is no Compose file: it has no services");
  const beside = join(dirname(path), ".env");
  const variables = isReadable(files, beside)
    ? readDotEnv(readSettings(files, beside), files.shown(beside), ledger)
    : new Map<string, Given>();
  const include = get(top, "include");
  if (include !== undefined) ledger.note(include.at, "Compose: include is not followed");
  const services = entries(top, "services").map(([name, tree]) =>
    serviceOf(name, interpolated(extended(tree, { path, top }, { files, ledger }), variables)),
  );
  const within = { files, folder: dirname(path), outside, ledger };
  const apps = serving(candidatesOf(services, hosts, within), ledger);
  return {
    compose: { file, services, apps },
    apps: apps.map((service) => appOf(service, within)),
    databases: services.filter(({ image }) => isPostgresImage(image)).map((one) => databaseOf(one, within)),
  };
}

/** `${NAME:-default}` by the .env file beside, else by its default. What has neither stays as it is written. */
function interpolated(tree: Tree, variables: ReadonlyMap<string, Given>): Tree {
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

/** What is built here has no image, but the name of what it is built of: `build: ./nginx`. */
function likelyImage(name: string, tree: Tree): string {
  return [basename(contextOf(tree)), name].find(isInfrastructure) ?? "";
}

const contextOf = (tree: Tree): string => text(tree, "build") ?? text(tree, "build", "context") ?? "";

const serviceOf = (name: string, tree: Tree): Service => ({
  name,
  tree,
  image: text(tree, "image") ?? likelyImage(name, tree),
  command: `${wordsOf(get(tree, "entrypoint"))} ${wordsOf(get(tree, "command"))}`.trim(),
});

/** What runs once, and what everybody knows, is no application. */
const isCandidate = ({ tree, image, command }: Service): boolean =>
  !isInfrastructure(image) && !/\bmigrate\b/.test(command) && text(tree, "restart") !== "no";

const dependenciesOf = ({ tree }: Service): string[] => [
  ...entries(tree, "depends_on").map(([name]) => name),
  ...list(tree, "depends_on").map((one) => text(one) ?? ""),
];

const caredFor = ["healthcheck", "stop_grace_period", "stop_signal", "mem_limit", "deploy"];

function candidatesOf(services: readonly Service[], hosts: readonly string[], within: Within): Candidate<Service>[] {
  const databases = new Set(services.filter(({ image }) => isDatabaseImage(image)).map(({ name }) => name));
  const inFront = services.filter(({ image }) => isProxyImage(image)).flatMap(dependenciesOf);
  const passedTo = new Set([...hosts, ...inFront]);
  return services.filter(isCandidate).map((service) => {
    const { name, tree, image, command } = service;
    // Whether it is the application at all is not known yet: what is not found is said of those that are.
    const given = [...environmentOf(tree, { ...within, ledger: createLedger() }).keys()];
    const serves =
      passedTo.has(name) ||
      (get(tree, "ports") ?? get(tree, "expose")) !== undefined ||
      /https?:\/\//.test(wordsOf(get(tree, "healthcheck", "test"))) ||
      given.some(isTelling);
    const likely =
      caredFor.some((key) => get(tree, key) !== undefined) ||
      given.some(isLikely) ||
      dependenciesOf(service).some((other) => databases.has(other));
    return {
      value: service,
      title: `service ${name}`,
      at: tree.at,
      sign: serves ? "serves" : likely ? "likely" : "none",
      background: isBackground(name, command, imageName(image)),
      program: `${image} ${contextOf(tree)} ${command}`,
    };
  });
}

function databaseOf({ tree }: Service, within: Within): Limit {
  const commands = known([get(tree, "entrypoint"), get(tree, "command")]);
  return limitOf(
    {
      command: commands.flatMap((command) => (command.kind === "list" ? command.items : [command])),
      given: environmentOf(tree, { ...within, ledger: createLedger() }),
      files: [],
      at: (get(tree, "command") ?? get(tree, "image") ?? tree).at,
    },
    within.ledger,
  );
}

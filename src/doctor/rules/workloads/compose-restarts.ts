import type { Compose } from "../../readers/compose/compose.ts";
import type { Service } from "../../readers/compose/compose-app.ts";
import { get, list, text } from "../../readers/yaml-tree.ts";
import type { Rule } from "../../rule.ts";
import { service } from "../example-files.ts";
import { namesText, onePerFile } from "../for-each.ts";
import { hasNoVersion, withoutVersionText } from "./image-versions.ts";

/** Returns whether a file is used on a developer's machine or in a test. */
const isForDevelopment = (file: string): boolean =>
  /(?:^|[/._-])(?:dev|devel|development|local|test|tests|testing|ci|override|debug|e2e|example|examples|devcontainer)(?:[/._-]|$)/i.test(
    file,
  );

/** Returns whether the source code is mounted into the container, or the command reloads it. */
function isDevelopmentServer({ name, tree, command }: Service): boolean {
  const context = (text(tree, "build") ?? text(tree, "build", "context") ?? "").replace(/\/$/, "");
  const sources = list(tree, "volumes").map((one) =>
    (text(one, "source") ?? text(one)?.split(":")[0] ?? "").replace(/\/$/, ""),
  );
  const mountsCode = sources.some(
    (source) => source === "." || (context !== "" && (source === context || source.startsWith(`${context}/`))),
  );
  return (
    mountsCode ||
    isForDevelopment(name) ||
    /--reload|--watch|nodemon|runserver|flask run|\bdev\b/.test(command) ||
    /^dev/.test(text(tree, "build", "target") ?? "")
  );
}

/** Returns whether the file, such as docker-compose.scale.yml, adds to a service of docker-compose.yml in its folder. */
function isOverlay({ name }: Service, file: string, all: readonly Compose[]): boolean {
  const folder = file.replace(/[^/]*$/, "");
  const isBase = (path: string) =>
    path.startsWith(folder) && /^(?:docker-)?compose\.ya?ml$/.test(path.slice(folder.length));
  return !isBase(file) && all.some((other) => isBase(other.file) && other.services.some((one) => one.name === name));
}

/** Returns whether the services run in a swarm, which restarts tasks that end without a restart policy. */
const isSwarm = (services: readonly Service[]): boolean =>
  services.some(({ tree }) =>
    ["placement", "update_config", "rollback_config", "endpoint_mode", "mode"].some(
      (key) => get(tree, "deploy", key) !== undefined,
    ),
  );

export const composeRestartRules: readonly Rule[] = [
  {
    id: "trap-compose-no-restart",
    severity: "warning",
    title: "A service does not start again after a crash or a reboot",
    impact: "A process that ends stays down until an operator starts it, and so does every service after a reboot.",
    condition:
      "Each service of the application has `restart` or `deploy.restart_policy`. Files for development and tests, services whose source code is mounted, overlays of docker-compose.yml, and swarms are ignored",
    fix: "Set restart: unless-stopped.",
    example: {
      kind: "compose",
      broken: service("stop_grace_period: 45s"),
      fixed: service("stop_grace_period: 45s\n    restart: unless-stopped"),
    },
    find: ({ compose }) =>
      compose.flatMap(({ file, apps, services: all }) =>
        isForDevelopment(file) || isSwarm(all)
          ? []
          : onePerFile(
              apps
                .filter((service) => !isDevelopmentServer(service) && !isOverlay(service, file, compose))
                .filter(
                  ({ tree }) =>
                    get(tree, "restart") === undefined &&
                    get(tree, "deploy", "restart_policy") === undefined &&
                    get(tree, "profiles") === undefined,
                ),
              ({ tree }) => tree.at,
              (services) => ({
                message: `${namesText(services.map(({ name }) => name))} ${services.length > 1 ? "have" : "has"} no restart policy.`,
              }),
            ),
      ),
  },
  {
    id: "trap-compose-image-tag",
    severity: "warning",
    title: "The image version is not fixed",
    impact: "The next pull installs another version, also of a database, and there is no version to return to.",
    condition: "Each `image` that is not built here has a digest, or a tag other than `latest`",
    fix: "Use a version tag.",
    example: {
      kind: "compose",
      broken: service("stop_grace_period: 45s").replace("api:1.0", "api:latest"),
      fixed: service("stop_grace_period: 45s"),
    },
    find: ({ compose }) =>
      compose.flatMap(({ services }) =>
        onePerFile(
          services
            .flatMap(({ tree }) => (get(tree, "build") === undefined ? (get(tree, "image") ?? []) : []))
            .filter((image) => hasNoVersion(text(image) ?? "")),
          ({ at }) => at,
          (images) => ({ message: withoutVersionText(images.map((image) => text(image) ?? "")) }),
        ),
      ),
  },
];

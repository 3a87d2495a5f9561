import type { Deployment } from "../../facts/deployment.ts";
import type { Service } from "../../readers/compose/compose-app.ts";
import { imageName, isProxyImage } from "../../readers/container.ts";
import { effectiveLine, type Server, serverOption } from "../../readers/haproxy/haproxy.ts";
import type { Section } from "../../readers/haproxy/haproxy-syntax.ts";
import { namesAtStart } from "../../readers/nginx/nginx.ts";
import { entries, get, list, number, type Tree, text } from "../../readers/yaml-tree.ts";
import type { Rule, Violation } from "../../rule.ts";

/** A published port of the host. An empty address means all addresses. */
type Published = { address: string; port: string };

/** Parses `"3001:3000"`, `127.0.0.1:3001:3000/tcp` and the long form. */
function publishedOf(port: Tree): Published | undefined {
  const long = text(port, "published");
  const result = (address: string, published: string, protocol: string): Published | undefined =>
    /^\d+$/.test(published)
      ? { address: /^(?:0\.0\.0\.0|\[::\])$/.test(address) ? "" : address, port: `${published}/${protocol}` }
      : undefined;
  if (long !== undefined) return result(text(port, "host_ip") ?? "", long, text(port, "protocol") ?? "tcp");
  const [, address = "", published = "", protocol = "tcp"] =
    /^(?:([\d.]+|\[[^\]]+\]):)?(\d+):\d+(?:\/(\w+))?$/.exec(text(port) ?? "") ?? [];
  return result(address, published, protocol);
}

const collides = (one: Published, other: Published): boolean =>
  one.address === other.address || one.address === "" || other.address === "";

/**
 * Returns how many replicas run on one host. A swarm distributes the replicas over its hosts, and they share the port.
 */
function replicasOnHost(tree: Tree): number {
  const swarm = ["update_config", "rollback_config", "placement", "endpoint_mode"];
  if (swarm.some((name) => get(tree, "deploy", name) !== undefined)) return 1;
  return number(tree, "deploy", "replicas") ?? number(tree, "scale") ?? 1;
}

const service = (depends: string): string =>
  `services:\n  proxy:\n    image: nginx:1.29\n    ${depends}\n  api:\n    image: api:1.0\n    stop_grace_period: 45s\n    expose: ["4000"]\n`;

/** Returns the services that start before this service: its dependencies, and those of its dependencies. */
function dependenciesOf(name: string, services: readonly Service[]): Set<string> {
  const found = new Set<string>();
  const visit = (serviceName: string) => {
    const tree = services.find((service) => service.name === serviceName)?.tree;
    const depends = get(tree, "depends_on") ?? get(tree, "links");
    const names = [...entries(depends).map(([key]) => key), ...list(depends).map((item) => text(item) ?? "")];
    for (const other of names.map((item) => item.replace(/:.*$/, ""))) {
      if (found.has(other)) continue;
      found.add(other);
      visit(other);
    }
  };
  visit(name);
  return found;
}

type Proxies = Pick<Deployment, "nginx" | "haproxy">;

/** Returns the host names that the proxy resolves at its start, from the configurations beside the Compose file. */
function namesResolvedAtStart(image: string, { nginx, haproxy }: Proxies, composeFile: string): Set<string> {
  const folder = composeFile.includes("/") ? composeFile.replace(/[^/]*$/, "") : "";
  const isBeside = (file: string | undefined) => file?.startsWith(folder) === true;
  const hosts = /haproxy/.test(imageName(image))
    ? haproxy
        .filter(({ sections }) => isBeside(sections[0]?.at.file))
        .flatMap(({ proxies }) =>
          proxies.flatMap(({ section, servers }) => servers.filter((one) => resolvesAtStart(one, section))),
        )
        .map(({ address }) => address)
    : nginx.filter(({ all }) => isBeside(all[0]?.at.file)).flatMap(namesAtStart);
  return new Set(hosts.map((host) => host.replace(/:\d*$/, "")));
}

const resolvesAtStart = (server: Server, section: Section): boolean =>
  !/none|last/.test(serverOption(server, "init-addr")?.text ?? "") &&
  serverOption(server, "resolvers") === undefined &&
  !server.options.some(({ words }) => words.includes("disabled")) &&
  effectiveLine(section, "default-server", "init-addr") === undefined;

export const composeServiceRules: readonly Rule[] = [
  {
    id: "trap-compose-proxy-starts-first",
    severity: "warning",
    title: "The proxy may start before the names of its servers resolve",
    impact:
      "nginx and HAProxy do not start with a host name that does not resolve. Without a restart policy the service is down after a reboot until an operator starts the proxy. With a restart policy, the proxy restarts until the name resolves.",
    condition:
      "The `depends_on` of a proxy leads to each service that its configuration names as a server, unless the proxy resolves names later (a variable in `proxy_pass`, `resolve`, `init-addr none`)",
    fix: "Add depends_on: { app1: { condition: service_healthy } } for each instance.",
    example: {
      kind: "compose",
      alongside: { nginx: "upstream api { server api:4000; }\nserver { location / { proxy_pass http://api; } }\n" },
      broken: service(""),
      fixed: service("depends_on: { api: { condition: service_healthy } }"),
    },
    find: ({ compose, nginx, haproxy }) =>
      compose.flatMap(({ file, services }) =>
        services.flatMap(({ name, tree, image }): Violation[] => {
          if (!isProxyImage(image)) return [];
          const resolvedNames = namesResolvedAtStart(image, { nginx, haproxy }, file);
          const dependencies = dependenciesOf(name, services);
          const servers = services.map((one) => one.name).filter((one) => one !== name && resolvedNames.has(one));
          const missing = servers.filter((one) => !dependencies.has(one));
          if (missing.length === 0) return [];
          // A swarm restarts every task that ends.
          const inSwarm = services.some((one) => get(one.tree, "deploy", "placement") !== undefined);
          const restarts = inSwarm || (get(tree, "restart") ?? get(tree, "deploy")) !== undefined;
          return [
            {
              severity: restarts ? "warning" : "error",
              places: [get(tree, "depends_on")?.at ?? tree.at],
              message: `${name} does not wait for ${missing.join(", ")}, which its configuration names.`,
            },
          ];
        }),
      ),
  },
  {
    id: "trap-compose-port-collision",
    severity: "error",
    title: "Two services publish the same port of the host",
    impact: "The second service does not start: port is already allocated.",
    condition:
      "A port of the host is published by one service with one replica. A service with several replicas publishes no fixed port",
    fix: "Publish another port.",
    example: {
      kind: "compose",
      broken:
        'services:\n  app1:\n    image: api:1.0\n    stop_grace_period: 45s\n    ports: ["3001:4000"]\n  grafana:\n    image: grafana/grafana:12.0.0\n    ports: ["3001:3000"]\n',
      fixed:
        'services:\n  app1:\n    image: api:1.0\n    stop_grace_period: 45s\n    ports: ["3001:4000"]\n  grafana:\n    image: grafana/grafana:12.0.0\n    ports: ["3000:3000"]\n',
    },
    find: ({ compose }) =>
      compose.flatMap(({ services }) => {
        const publishedPorts = services
          .filter(({ tree }) => get(tree, "profiles") === undefined)
          .flatMap(({ name, tree }) =>
            list(tree, "ports").flatMap((port) => {
              const published = publishedOf(port);
              return published === undefined ? [] : [{ name, tree, at: port.at, published }];
            }),
          );
        const byPort = Map.groupBy(publishedPorts, ({ published }) => published.port);
        return publishedPorts.flatMap((port): Violation[] => {
          const { name, tree, at, published } = port;
          const replicas = replicasOnHost(tree);
          if (replicas > 1)
            return [{ places: [at], message: `${replicas} replicas of ${name} publish ${published.port}.` }];
          const samePort = byPort.get(published.port) ?? [];
          const earlier = samePort
            .slice(0, samePort.indexOf(port))
            .find((other) => other.name !== name && collides(other.published, published));
          if (earlier === undefined) return [];
          return [{ places: [at, earlier.at], message: `${earlier.name} and ${name} both publish ${published.port}.` }];
        });
      }),
  },
];

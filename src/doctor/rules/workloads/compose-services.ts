import { isProxyImage } from "../../readers/container.ts";
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

/** How many replicas run on one host. A swarm spreads them and shares the port. */
function replicasOnHost(tree: Tree): number {
  const swarm = ["update_config", "rollback_config", "placement", "endpoint_mode"];
  if (swarm.some((name) => get(tree, "deploy", name) !== undefined)) return 1;
  return number(tree, "deploy", "replicas") ?? number(tree, "scale") ?? 1;
}

const service = (depends: string): string =>
  `services:\n  proxy:\n    image: nginx:1.29\n    depends_on: ${depends}\n  api:\n    image: api:1.0\n    stop_grace_period: 45s\n    expose: ["4000"]\n`;

export const composeServiceRules: readonly Rule[] = [
  {
    id: "trap-compose-proxy-starts-first",
    severity: "error",
    title: "The proxy starts before the names of its servers resolve",
    impact:
      "nginx and HAProxy do not start with a host name that does not resolve: after a reboot the service is down until an operator starts the proxy.",
    condition: "The `depends_on` of a proxy names each instance with `condition: service_healthy`",
    fix: "Add depends_on: { app1: { condition: service_healthy } } for each instance.",
    example: { kind: "compose", broken: service("[api]"), fixed: service("{ api: { condition: service_healthy } }") },
    find: ({ compose }) =>
      compose.flatMap(({ services, apps }) =>
        services.flatMap(({ name, tree, image }): Violation[] => {
          if (!isProxyImage(image) || apps.length === 0) return [];
          const depends = get(tree, "depends_on");
          if (depends === undefined) return [{ places: [tree.at], message: `${name} waits for no instance.` }];
          const healthy = new Set(
            entries(depends)
              .filter(([, one]) => text(one, "condition") === "service_healthy")
              .map(([key]) => key),
          );
          const unchecked = apps.filter((app) => !healthy.has(app.name));
          if (unchecked.length === 0) return [];
          return [
            {
              places: [depends.at],
              message: `${name} does not wait until ${unchecked.map((app) => app.name).join(", ")} ${unchecked.length > 1 ? "are" : "is"} healthy.`,
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
        const all = services
          .filter(({ tree }) => get(tree, "profiles") === undefined)
          .flatMap(({ name, tree }) =>
            list(tree, "ports").flatMap((port) => {
              const published = publishedOf(port);
              return published === undefined ? [] : [{ name, tree, at: port.at, published }];
            }),
          );
        const byPort = Map.groupBy(all, ({ published }) => published.port);
        return all.flatMap((port): Violation[] => {
          const { name, tree, at, published } = port;
          const replicas = replicasOnHost(tree);
          if (replicas > 1)
            return [{ places: [at], message: `${replicas} replicas of ${name} publish ${published.port}.` }];
          const same = byPort.get(published.port) ?? [];
          const before = same
            .slice(0, same.indexOf(port))
            .find((other) => other.name !== name && collides(other.published, published));
          if (before === undefined) return [];
          return [{ places: [at, before.at], message: `${before.name} and ${name} both publish ${published.port}.` }];
        });
      }),
  },
];

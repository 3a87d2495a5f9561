import { isProxyImage } from "../../readers/container.ts";
import { entries, get, list, number, type Tree, text } from "../../readers/yaml-tree.ts";
import type { Rule, Violation } from "../../rule.ts";

/** A port of the host; an empty address is all of them. */
type Published = { address: string; port: string };

/** `"3001:3000"`, `127.0.0.1:3001:3000/tcp`, or the long form. */
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

/** How many of it run on one host; a swarm spreads them, and shares the port. */
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
    title: "The proxy starts before its servers have names",
    impact:
      "One host name that is not known yet stops nginx and HAProxy from starting: after a reboot nothing answers until somebody starts them by hand.",
    condition: "A proxy's `depends_on` names each instance with `condition: service_healthy`",
    fix: "Write depends_on: { app1: { condition: service_healthy } } for each instance.",
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
          const late = apps.filter((app) => !healthy.has(app.name));
          if (late.length === 0) return [];
          return [
            {
              places: [depends.at],
              message: `${name} does not wait until ${late.map((app) => app.name).join(", ")} ${late.length > 1 ? "are" : "is"} healthy.`,
            },
          ];
        }),
      ),
  },
  {
    id: "trap-compose-port-collision",
    severity: "error",
    title: "Two services want the same port of the host",
    impact: "The second one does not start: port is already allocated.",
    condition: "A port of the host is published once, and by one instance: a service of several leaves the port open",
    fix: "Give one of them another port.",
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
          if (replicas > 1) return [{ places: [at], message: `${replicas} of ${name} publish ${published.port}.` }];
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

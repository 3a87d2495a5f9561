import { holdsIn, type KnownVersion, versionFacts } from "../../facts/versions.ts";
import type { Service } from "../../readers/compose/compose-app.ts";
import { hostOf, type Nginx } from "../../readers/nginx/nginx.ts";
import type { Directive } from "../../readers/nginx/nginx-syntax.ts";
import { entries, get, text } from "../../readers/yaml-tree.ts";
import type { Rule, Violation } from "../../rule.ts";

const site = (lines: string) => `server {\n  ${lines}\n}\n`;

/** Returns whether a service has no fixed address, and may get another one when its container is recreated. */
const changesAddress = ({ tree }: Service): boolean =>
  text(tree, "network_mode") !== "host" &&
  !entries(tree, "networks").some(([, network]) => get(network, "ipv4_address") !== undefined);

/** Returns the directives that name a host which nginx resolves only when it starts. */
function resolvedOnce({ upstreams, routes }: Nginx): { host: string; directive: Directive }[] {
  return [
    ...upstreams
      .flatMap(({ servers }) => servers.filter(({ args }) => !args.includes("resolve")))
      .map((directive) => ({ host: hostOf(directive.args[0] ?? ""), directive })),
    ...routes
      .filter(({ variables, upstream }) => variables.length === 0 && upstream === undefined)
      .flatMap(({ targets, pass }) => targets.map((target) => ({ host: hostOf(target), directive: pass }))),
  ];
}

export const nginxNameRules: readonly Rule[] = [
  {
    id: "trap-nginx-name-resolved-once",
    severity: "warning",
    title: "nginx resolves the name of a container only when it starts",
    impact:
      "A container that is created again, as by docker compose up after a build, may get another address: users get 502 until nginx is reloaded.",
    condition:
      "If nginx forwards to a service of a Compose file beside it, the service has a fixed `ipv4_address`, or nginx re-resolves the name: with `resolver` and a variable in proxy_pass, or from 1.27.3 with `resolve`",
    fix: "Write resolver 127.0.0.11 valid=5s; set $api http://api:4000; proxy_pass $api;",
    example: {
      kind: "nginx",
      alongside: { compose: 'services:\n  api:\n    image: api:1.0\n    restart: always\n    expose: ["4000"]\n' },
      broken: site("location / { proxy_pass http://api:4000; }"),
      fixed: site("resolver 127.0.0.11 valid=5s;\n  location / { set $api http://api:4000; proxy_pass $api; }"),
    },
    find: ({ nginx, compose, versions }) =>
      nginx.flatMap((configuration): Violation[] => {
        const file = configuration.all[0]?.at.file ?? "";
        const services = compose
          .filter((composeFile) => file.startsWith(composeFile.file.replace(/[^/]*$/, "")))
          .flatMap((composeFile) => composeFile.services)
          .filter(changesAddress);
        const found = resolvedOnce(configuration).filter(({ host }) => services.some(({ name }) => name === host));
        if (found.length === 0) return [];
        const names = [...new Set(found.map(({ host }) => host))];
        return [
          {
            places: found.map(({ directive }) => directive.at),
            message: `nginx looks up the address of ${names.join(", ")} only once.`,
            ...withResolve(configuration.version ?? versions.nginx),
          },
        ];
      }),
  },
];

/** Returns the shorter fix, with `resolve`, if this version of nginx supports it. */
const withResolve = (version: KnownVersion | undefined): Pick<Violation, "fix"> =>
  version !== undefined && holdsIn(versionFacts.nginxResolve, version) === "yes"
    ? { fix: "Write resolver 127.0.0.11 valid=5s; and in the upstream zone api 64k; server api:4000 resolve;" }
    : {};

import { type Directive, effectiveDirectives } from "../../readers/nginx/nginx-syntax.ts";
import type { Rule, Violation } from "../../rule.ts";
import { eachNginx } from "../for-each.ts";

const server = (lines: string): string =>
  `limit_req_zone $binary_remote_addr zone=auth:10m rate=5r/m;\nserver {\n  ${lines}\n}\n`;

/** What the client decides. */
const clientControlled = /\$\{?(?:http_|cookie_|arg_|proxy_add_x_forwarded_for)/;

/** What the maps of a key may give. */
const mapResults = (key: string, all: readonly Directive[]): string[] =>
  all
    .filter(({ name, args }) => name === "map" && args[1] === key)
    .flatMap(({ children = [] }) => children.map(({ args }) => args[0] ?? ""));

export const nginxLimitRules: readonly Rule[] = [
  {
    id: "trap-nginx-limit-status",
    severity: "warning",
    title: "Who is over a limit is told that the server is down",
    impact:
      "503 is what nginx says unless told otherwise: clients and balancers take it for an outage, and try again at once.",
    condition: "`limit_req_status 429` wherever there is a `limit_req` (`limit_conn_status` likewise)",
    fix: "Write limit_req_status 429; and limit_conn_status 429;",
    example: {
      kind: "nginx",
      broken: server("location / { limit_req zone=auth burst=5; }"),
      fixed: server("limit_req_status 429;\n  location / { limit_req zone=auth burst=5; }"),
    },
    find: eachNginx(({ all, root }) =>
      all.flatMap((directive): Violation[] => {
        if (directive.name !== "limit_req" && directive.name !== "limit_conn") return [];
        const found = effectiveDirectives(directive.parent, root, `${directive.name}_status`);
        if (found === undefined || found[0]?.args[0] === "429") return [];
        const [status] = found;
        const message =
          status === undefined
            ? `There is no ${directive.name}_status: 503.`
            : `${directive.name}_status is ${status.args[0] ?? "empty"}.`;
        return [{ places: [status?.at ?? directive.at], message }];
      }),
    ),
  },
  {
    id: "trap-nginx-limit-burst",
    severity: "error",
    title: "A limit without a burst refuses the second request",
    impact:
      "5 a minute is one every 12 seconds for nginx: who mistypes a password once is refused, and so is a page that asks for two things at a time.",
    condition: "`limit_req` has a `burst`",
    fix: "Write burst=10 nodelay behind the zone.",
    example: {
      kind: "nginx",
      broken: server("limit_req_status 429;\n  location /login { limit_req zone=auth; }"),
      fixed: server("limit_req_status 429;\n  location /login { limit_req zone=auth burst=10 nodelay; }"),
    },
    find: eachNginx(({ all }) =>
      all
        .filter(
          ({ name, args }) =>
            name === "limit_req" &&
            args.some((arg) => arg.startsWith("zone=")) &&
            !args.some((arg) => /^burst=[1-9]/.test(arg)),
        )
        .map(
          ({ at, args }): Violation => ({
            places: [at],
            message: `limit_req ${args.join(" ")} lets no request wait or go ahead.`,
          }),
        ),
    ),
  },
  {
    id: "trap-nginx-limit-key",
    severity: "error",
    title: "A limit counts what the client says it is",
    impact: "Whoever sends another value with each request is never limited.",
    condition: "The key of a limit is `$binary_remote_addr`, or a map of it; no header, cookie or argument",
    fix: "Use $binary_remote_addr, with set_real_ip_from where another proxy is in front.",
    example: {
      kind: "nginx",
      broken: "limit_req_zone $http_x_forwarded_for zone=api:10m rate=10r/s;\nserver { listen 80; }\n",
      fixed: "limit_req_zone $binary_remote_addr zone=api:10m rate=10r/s;\nserver { listen 80; }\n",
    },
    find: eachNginx(({ all }) =>
      all
        .filter(
          ({ name, args: [key = ""] }) =>
            /^limit_(?:req|conn)_zone$/.test(name) &&
            [key, ...mapResults(key, all)].some((one) => clientControlled.test(one)),
        )
        .map(({ name, at, args }): Violation => ({ places: [at], message: `${name} counts ${args[0] ?? ""}.` })),
    ),
  },
];

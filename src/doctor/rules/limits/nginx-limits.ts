import { type Directive, effectiveDirectives } from "../../readers/nginx/nginx-syntax.ts";
import type { Rule, Violation } from "../../rule.ts";
import { eachNginx, namesText, onePerFile } from "../for-each.ts";

const server = (lines: string): string =>
  `limit_req_zone $binary_remote_addr zone=auth:10m rate=5r/m;\nserver {\n  ${lines}\n}\n`;

/** Variables whose value the client controls. */
const clientControlled = /\$\{?(?:http_|cookie_|arg_|proxy_add_x_forwarded_for)/;

/** Returns the possible values of the maps with this key. */
const mapResults = (key: string, all: readonly Directive[]): string[] =>
  all
    .filter(({ name, args }) => name === "map" && args[1] === key)
    .flatMap(({ children = [] }) => children.map(({ args }) => args[0] ?? ""));

export const nginxLimitRules: readonly Rule[] = [
  {
    id: "trap-nginx-limit-status",
    severity: "warning",
    title: "A rate limit answers with 503",
    impact:
      "503 is nginx's default status for limits: clients and load balancers treat it as an outage and retry at once.",
    condition:
      "`limit_req_status 429` wherever `limit_req` is used, and `limit_conn_status 429` wherever `limit_conn` is used",
    fix: "Set limit_req_status 429; and limit_conn_status 429;",
    example: {
      kind: "nginx",
      broken: server("location / { limit_req zone=auth burst=5; }"),
      fixed: server("limit_req_status 429;\n  location / { limit_req zone=auth burst=5; }"),
    },
    find: eachNginx(({ all, root }) => {
      const wrongStatuses = all.flatMap((directive) => {
        if (directive.name !== "limit_req" && directive.name !== "limit_conn") return [];
        const found = effectiveDirectives(directive.parent, root, `${directive.name}_status`);
        if (found === undefined || found[0]?.args[0] === "429") return [];
        const [status] = found;
        return [{ name: `${directive.name}_status`, status, at: status?.at ?? directive.at }];
      });
      return onePerFile(
        [...Map.groupBy(wrongStatuses, ({ at }) => at.line).values()].flatMap(([first]) => first ?? []),
        ({ at }) => at,
        (found) => ({
          message: namesText(
            found.map(({ name, status }) =>
              status === undefined ? `${name} is not set, so it is 503` : `${name} is ${status.args[0] ?? "empty"}`,
            ),
          ).replace(/$/, "."),
          edits: found.flatMap(({ name, status }) =>
            status === undefined
              ? []
              : [{ at: status.at, from: `${name} ${status.args[0] ?? ""};`, to: `${name} 429;` }],
          ),
        }),
      );
    }),
  },
  {
    id: "trap-nginx-limit-burst",
    severity: "error",
    title: "A limit without a burst rejects the second request",
    impact:
      "For nginx 5 requests a minute are one request every 12 seconds: a second login attempt after a typing error is rejected, and so is a page that sends two requests at once.",
    condition: "`limit_req` has a `burst`",
    fix: "Append burst=10 nodelay to the limit_req.",
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
            message: `limit_req ${args.join(" ")} has no burst.`,
          }),
        ),
    ),
  },
  {
    id: "trap-nginx-limit-key",
    severity: "error",
    title: "The client controls the key of a limit",
    impact: "A client that sends another value with each request is never limited.",
    condition: "The key of a limit is `$binary_remote_addr` or a map of it, and no header, cookie or argument",
    fix: "Use $binary_remote_addr, with set_real_ip_from if another proxy is in front.",
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
        .map(({ name, at, args }): Violation => ({ places: [at], message: `The key of ${name} is ${args[0] ?? ""}.` })),
    ),
  },
];

import type { Place } from "../../facts/config-values.ts";
import { holdsIn, type KnownVersion, versionFacts, versionsBefore } from "../../facts/versions.ts";
import type { Nginx } from "../../readers/nginx/nginx.ts";
import type { Directive } from "../../readers/nginx/nginx-syntax.ts";
import type { Rule, Violation } from "../../rule.ts";
import { eachNginx } from "../for-each.ts";

const allowedContexts: Readonly<Record<string, readonly string[]>> = {
  events: ["main"],
  http: ["main"],
  worker_processes: ["main"],
  worker_shutdown_timeout: ["main"],
  limit_req_zone: ["http"],
  limit_conn_zone: ["http"],
  proxy_cache_path: ["http"],
  log_format: ["http", "stream"],
  map: ["http", "stream"],
  geo: ["http", "stream"],
  split_clients: ["http", "stream"],
  upstream: ["http", "stream"],
  server: ["http", "upstream", "stream", "mail"],
  location: ["server", "location"],
  server_name: ["server"],
  listen: ["server"],
  proxy_pass: ["location", "if", "limit_except"],
  limit_req: ["http", "server", "location"],
};

const unavailableDirectives: Readonly<Record<string, string>> = {
  health_check: "only in commercial NGINX",
  health_check_timeout: "only in commercial NGINX",
  match: "only in commercial NGINX",
  check: "only in a fork of nginx",
  check_http_send: "only in a fork of nginx",
  check_http_expect_alive: "only in a fork of nginx",
  check_status: "only in a fork of nginx",
};

/** Returns the block around a directive. The top level of a file for conf.d is inside `http`. */
function contextOf(directive: Directive, { isFragment, root }: Nginx): string {
  if (directive.parent !== undefined) return directive.parent.name;
  if (!isFragment) return "main";
  const isPartOfHttp = root.some(
    ({ name }) => name === "server" || name === "upstream" || name === "map" || name === "limit_req_zone",
  );
  if (isPartOfHttp) return "http";
  return root.some(({ name }) => name === "location") ? "server" : "location";
}

function stickyViolations(at: Place, version: KnownVersion | undefined): Violation[] {
  const fact = versionFacts.nginxSticky;
  const holds = holdsIn(fact, version);
  if (holds === "yes") return [];
  const message = "`sticky`: not in open-source NGINX.";
  return [
    holds === "no"
      ? { places: [at], message }
      : { severity: "warning", places: [at], message, affectedVersions: versionsBefore(fact) },
  ];
}

export const nginxDirectiveRules: readonly Rule[] = [
  {
    id: "trap-nginx-context",
    severity: "error",
    title: "nginx does not allow a directive in this block",
    impact: "nginx does not start, or a reload is rejected and the old configuration stays in use unnoticed.",
    condition:
      "Each directive is in a block where nginx allows it: limit_req_zone, upstream and map in http, and http at the top level",
    fix: "Move the directive: zones, maps and upstreams belong into http, next to server.",
    example: {
      kind: "nginx",
      broken:
        "server {\n  location / { proxy_pass http://api:4000; }\n}\nhttp {\n  limit_req_zone $binary_remote_addr zone=api:10m rate=10r/s;\n}\n",
      fixed:
        "limit_req_zone $binary_remote_addr zone=api:10m rate=10r/s;\nserver {\n  location / { proxy_pass http://api:4000; }\n}\n",
    },
    find: eachNginx((nginx) =>
      nginx.all.flatMap((directive): Violation[] => {
        const allowed = allowedContexts[directive.name];
        const context = contextOf(directive, nginx);
        if (allowed === undefined || allowed.includes(context)) return [];
        if (directive.name === "server" && directive.children === undefined) return [];
        if (directive.name === "proxy_pass" && context === "server" && !directive.args[0]?.includes("://")) return [];
        if (["geo", "map", "split_clients", "types"].includes(context)) return [];
        const where = context === "main" ? "at the top level" : `in ${context}`;
        return [
          {
            places: [directive.at],
            message: `\`${directive.name}\` is not allowed ${where}, only in ${allowed.join(" or ").replace("main", "the top level")}.`,
          },
        ];
      }),
    ),
  },
  {
    id: "trap-nginx-foreign-directive",
    severity: "error",
    title: "Open-source nginx does not have this directive",
    impact: "nginx does not start: unknown directive.",
    condition: "No `health_check` (commercial), `check…` (a fork) or `sticky` (before 1.29.6)",
    fix: "Rely on passive checks (max_fails, fail_timeout), or use HAProxy for active checks. For affinity use hash $cookie_… consistent.",
    example: {
      kind: "nginx",
      broken: "upstream api {\n  zone api 64k;\n  server app1:4000;\n  sticky cookie route;\n}\n",
      fixed: "upstream api {\n  zone api 64k;\n  server app1:4000;\n  hash $cookie_route consistent;\n}\n",
    },
    find: ({ nginx, versions }) =>
      nginx.flatMap(({ all, version }) =>
        all.flatMap((directive): Violation[] => {
          const { name, parent, at } = directive;
          if (parent !== undefined && /^(?:map|geo|types|split_clients)$/.test(parent.name)) return [];
          const availability = Object.hasOwn(unavailableDirectives, name) ? unavailableDirectives[name] : undefined;
          if (availability !== undefined) return [{ places: [at], message: `\`${name}\`: ${availability}.` }];
          return name === "sticky" && parent?.name === "upstream"
            ? stickyViolations(at, version ?? versions.nginx)
            : [];
        }),
      ),
  },
];

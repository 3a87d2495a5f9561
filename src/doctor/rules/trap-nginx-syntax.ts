import { hostOf, type Nginx } from "../readers/nginx.ts";
import { type Directive, nearest } from "../readers/nginx-syntax.ts";
import type { Found, Rule } from "../rule.ts";
import { eachNginx } from "./each.ts";

// What nginx refuses to start with.

const contexts: Readonly<Record<string, readonly string[]>> = {
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

const foreign: Readonly<Record<string, string>> = {
  health_check: "it is the commercial NGINX's",
  health_check_timeout: "it is the commercial NGINX's",
  match: "it is the commercial NGINX's",
  check: "it is a fork's",
  check_http_send: "it is a fork's",
  check_http_expect_alive: "it is a fork's",
  check_status: "it is a fork's",
  sticky: "open-source NGINX has it from 1.29.6 on only",
};

const methods = new Set(["least_conn", "ip_hash", "hash", "random", "least_time"]);

/** In a piece of a configuration, as in conf.d, what stands outside stands inside `http`. */
function contextOf(directive: Directive, { fragment, root }: Nginx): string {
  if (directive.parent !== undefined) return directive.parent.name;
  if (!fragment) return "main";
  const pieces = root.some(
    ({ name }) => name === "server" || name === "upstream" || name === "map" || name === "limit_req_zone",
  );
  if (pieces) return "http";
  return root.some(({ name }) => name === "location") ? "server" : "location";
}

export const nginxSyntaxTraps: readonly Rule[] = [
  {
    id: "trap-nginx-context",
    severity: "error",
    title: "nginx refuses a directive where it stands",
    reason: "nginx does not start, or a reload is refused and the old configuration stays without anybody noticing.",
    arithmetic:
      "A directive stands where nginx allows it: limit_req_zone, upstream and map in http, http outside of everything",
    fix: "Move it: zones, maps and upstreams belong into http, beside server.",
    example: {
      kind: "nginx",
      broken:
        "server {\n  location / { proxy_pass http://api:4000; }\n}\nhttp {\n  limit_req_zone $binary_remote_addr zone=api:10m rate=10r/s;\n}\n",
      mended:
        "limit_req_zone $binary_remote_addr zone=api:10m rate=10r/s;\nserver {\n  location / { proxy_pass http://api:4000; }\n}\n",
    },
    find: eachNginx((nginx) =>
      nginx.all.flatMap((directive): Found[] => {
        const allowed = contexts[directive.name];
        const context = contextOf(directive, nginx);
        if (allowed === undefined || allowed.includes(context)) return [];
        if (directive.name === "server" && directive.children === undefined) return [];
        if (directive.name === "proxy_pass" && context === "server" && !directive.args[0]?.includes("://")) return [];
        if (["geo", "map", "split_clients", "types"].includes(context)) return [];
        const where = context === "main" ? "outside of every block" : `in ${context}`;
        return [
          {
            places: [directive.at],
            says: `\`${directive.name}\` is not allowed ${where}, but in ${allowed.join(" or ").replace("main", "no block")}.`,
          },
        ];
      }),
    ),
  },
  {
    id: "trap-nginx-foreign-directive",
    severity: "error",
    title: "Open-source nginx does not know this directive",
    reason: "nginx does not start: unknown directive.",
    arithmetic: "No `health_check` (commercial), `check…` (a fork), `sticky` (before 1.29.6)",
    fix: "Rely on passive checks (max_fails, fail_timeout) or use HAProxy for active ones; for affinity: hash $cookie_… consistent.",
    example: {
      kind: "nginx",
      broken: "upstream api {\n  zone api 64k;\n  server app1:4000;\n  sticky cookie route;\n}\n",
      mended: "upstream api {\n  zone api 64k;\n  server app1:4000;\n  hash $cookie_route consistent;\n}\n",
    },
    find: eachNginx(({ all }) =>
      all.flatMap((directive): Found[] => {
        const why = Object.hasOwn(foreign, directive.name) ? foreign[directive.name] : undefined;
        const inMap = directive.parent !== undefined && /^(?:map|geo|types|split_clients)$/.test(directive.parent.name);
        return why === undefined || inMap ? [] : [{ places: [directive.at], says: `\`${directive.name}\`: ${why}.` }];
      }),
    ),
  },
  {
    id: "trap-nginx-two-methods",
    severity: "error",
    title: "An upstream has two ways to choose a server",
    reason: "nginx does not start (load balancing method redefined), or silently takes the last one.",
    arithmetic: "At most one of least_conn, ip_hash, hash, random in an upstream",
    fix: "Keep one: least_conn, or hash on a cookie for affinity.",
    example: {
      kind: "nginx",
      broken: "upstream api {\n  zone api 64k;\n  least_conn;\n  ip_hash;\n  server app1:4000;\n}\n",
      mended: "upstream api {\n  zone api 64k;\n  least_conn;\n  server app1:4000;\n}\n",
    },
    find: eachNginx(({ upstreams }) =>
      upstreams.flatMap(({ name, block }): Found[] => {
        const found = block.children?.filter((child) => methods.has(child.name)) ?? [];
        if (found.length < 2) return [];
        return [
          {
            places: found.map(({ at }) => at).reverse(),
            says: `The upstream ${name} has ${found.map((one) => one.name).join(" and ")}.`,
          },
        ];
      }),
    ),
  },
  {
    id: "trap-nginx-upstream-twice",
    severity: "error",
    title: "An upstream is defined twice",
    reason: "nginx does not start: duplicate upstream.",
    arithmetic: "The name of an upstream is used once",
    fix: "Remove one, or give it another name.",
    example: {
      kind: "nginx",
      broken: "upstream api { zone a 64k; server app1:4000; }\nupstream api { zone b 64k; server app2:4000; }\n",
      mended: "upstream api { zone a 64k; server app1:4000; }\nupstream other { zone b 64k; server app2:4000; }\n",
    },
    find: eachNginx(({ upstreams }) =>
      upstreams.flatMap(({ name, block }, index): Found[] => {
        const before = upstreams.slice(0, index).find((other) => other.name === name);
        return before === undefined
          ? []
          : [{ places: [block.at, before.block.at], says: `The upstream ${name} is there already.` }];
      }),
    ),
  },
  {
    id: "trap-nginx-no-resolver",
    severity: "error",
    title: "A host name in a variable, and nobody to look it up",
    reason: "Every request gets 502: no resolver defined to resolve.",
    arithmetic: "A proxy_pass with a variable leads to an upstream or an address, or there is a `resolver`",
    fix: "Let the variable name an upstream, or write resolver 127.0.0.11 valid=5s; (Docker's; the cluster's own elsewhere).",
    example: {
      kind: "nginx",
      broken: "map $host $target { default app1:4000; }\nserver {\n  location / { proxy_pass http://$target; }\n}\n",
      mended:
        "resolver 127.0.0.11 valid=5s;\nmap $host $target { default app1:4000; }\nserver {\n  location / { proxy_pass http://$target; }\n}\n",
    },
    find: eachNginx(({ routes, root, upstreams }) =>
      routes.flatMap(({ pass, block, targets }): Found[] => {
        const variable = /^\w+:\/\/\$\{?(\w+)/.exec(pass.args[0] ?? "")?.[1];
        if (variable === undefined || nearest(block, root, "resolver")?.length !== 0) return [];
        const hosts = targets.map(hostOf);
        const unknown = hosts.filter(
          (host) => !upstreams.some(({ name }) => name === host) && !/^(?:\d+\.){3}\d+$|^\[|^unix$/.test(host),
        );
        if (hosts.length > 0 && unknown.length === 0) return [];
        const what = hosts.length === 0 ? "may be any host name" : `may be ${unknown.slice(0, 3).join(", ")}`;
        return [{ places: [pass.at], says: `$${variable} ${what}, and there is no resolver.` }];
      }),
    ),
  },
];

import { enclosingBlock, hostOf, type Nginx } from "../../readers/nginx/nginx.ts";
import { effectiveDirectives, hasUnreadInclude } from "../../readers/nginx/nginx-syntax.ts";
import type { Rule, Violation } from "../../rule.ts";
import { headers, location } from "../example-files.ts";
import { eachNginx, eachRoute } from "../for-each.ts";

/**
 * Returns whether the targets are instances of one application. Upstreams without a common server count as different
 * applications.
 */
function isAmongInstances(targets: readonly string[], { upstreams }: Nginx): boolean {
  const targetUpstreams = [...new Set(targets.map(hostOf))].map((host) => upstreams.find(({ name }) => name === host));
  if (targetUpstreams.length < 2) return false;
  if (targetUpstreams.includes(undefined)) return true;
  const servers = targetUpstreams.flatMap((one) => [...new Set(one?.servers.map(({ args }) => args[0]))]);
  return new Set(servers).size < servers.length;
}

/** A name in capital letters is replaced before nginx reads the file, as by envsubst. nginx has no such variables. */
const isPlaceholder = (variable: string): boolean => /^[A-Z][A-Z0-9_]*$/.test(variable);

const flags = `${headers} proxy_set_header Cookie $http_cookie; proxy_cookie_path / "/; Secure; HttpOnly";`;

export const nginxRouteRules: readonly Rule[] = [
  {
    id: "trap-nginx-health-prefix",
    severity: "error",
    title: "A prefix location rewrites more paths than intended",
    impact:
      "Every path with the prefix is rewritten: /health/detailed becomes /ready/detailed and may bypass a rule that hides it, and other probe paths get wrong responses.",
    condition: "A probe location whose proxy_pass has a path is exact (`location = /health`)",
    fix: "Use location = … for each path.",
    example: {
      kind: "nginx",
      broken: "server {\n  location /health { proxy_pass http://api:4000/ready; }\n}\n",
      fixed: "server {\n  location = /health { proxy_pass http://api:4000/ready; }\n}\n",
    },
    find: eachRoute(({ pass, block, isProbe }) => {
      const place = enclosingBlock(block, "location");
      const prefix = place !== undefined && (place.args.length === 1 || place.args[0] === "^~");
      const path = /^\w+:\/\/[^/]+(\/.+)$/.exec(pass.args[0] ?? "")?.[1];
      // If the location and proxy_pass have the same path, nothing is rewritten.
      if (!isProbe || !prefix || path === undefined || path === place.args.at(-1)) return [];
      return [
        {
          places: [pass.at, place.at],
          message: `location ${place.args.join(" ")} rewrites every path with this prefix to ${path} and the rest of the path.`,
        },
      ];
    }),
  },
  {
    id: "trap-nginx-client-chooses",
    severity: "error",
    title: "The client selects the instance",
    impact:
      "A client that sends the header reaches an instance of its choice, including one that is drained, and can send all requests to the same one.",
    condition:
      "The variable in proxy_pass does not come from a header, cookie or argument, unless it selects between upstreams without a common server",
    fix: "Use the value for hashing: hash $http_… consistent; in the upstream.",
    example: {
      kind: "nginx",
      broken:
        "resolver 127.0.0.11;\nmap $http_x_instance $target { one app1:4000; default app2:4000; }\nserver {\n  location / { proxy_pass http://$target; }\n}\n",
      fixed:
        "upstream api { zone api 64k; hash $http_x_instance consistent; server app1:4000; server app2:4000; }\nserver {\n  location / { proxy_pass http://api; }\n}\n",
    },
    find: eachRoute(({ pass, targets, variables, maps }, nginx) => {
      const clientControlled = /^\$?\{?(?:http_|cookie_|arg_)/;
      const direct = variables.find((name) => clientControlled.test(name));
      const map = maps.find(({ args }) => clientControlled.test(args[0] ?? ""));
      if (direct === undefined && (map === undefined || !isAmongInstances(targets, nginx))) return [];
      const places = map === undefined ? [pass.at] : [map.at, pass.at];
      return [{ places, message: `The target of proxy_pass depends on ${map?.args[0] ?? `$${direct}`}.` }];
    }),
  },
  {
    id: "trap-nginx-cookie-no-affinity",
    severity: "warning",
    title: "Passing on cookies does not create session affinity",
    impact:
      "nginx always passes on cookies, and cookie flags select no server: users who should return to the same instance reach another one.",
    condition:
      "Where `proxy_set_header Cookie $http_cookie` is combined with `proxy_cookie_path` or `proxy_cookie_flags`, the upstream has hash or ip_hash",
    fix: "Add hash $cookie_… consistent; to the upstream, or remove both directives if no affinity is needed.",
    example: {
      kind: "nginx",
      broken: location(flags),
      fixed: location(flags, "", "hash $cookie_route consistent;"),
    },
    find: eachRoute(({ block, upstream }, { root }) => {
      const cookieHeader = effectiveDirectives(block, root, "proxy_set_header")?.find(
        ({ args }) => args[0]?.toLowerCase() === "cookie" && args[1] === "$http_cookie",
      );
      const flagDirectives = ["proxy_cookie_path", "proxy_cookie_flags"].flatMap(
        (name) => effectiveDirectives(block, root, name) ?? [],
      );
      if (cookieHeader === undefined || flagDirectives[0] === undefined || upstream === undefined) return [];
      const hasAffinity =
        upstream.block.children?.some(({ name }) => /^(?:hash|ip_hash|sticky)$/.test(name)) ||
        hasUnreadInclude(upstream.block.children);
      if (hasAffinity || upstream.servers.length < 2) return [];
      return [
        {
          places: [cookieHeader.at, flagDirectives[0].at],
          message: `The upstream ${upstream.name} selects a server regardless of cookies.`,
        },
      ];
    }),
  },
  {
    id: "trap-nginx-no-resolver",
    severity: "error",
    title: "A host name in a variable, without a resolver",
    impact: "Every request gets 502: no resolver defined to resolve.",
    condition: "A proxy_pass with a variable leads to an upstream or an address, or a `resolver` is set",
    fix: "Let the variable select an upstream, or set resolver 127.0.0.11 valid=5s; (the address of Docker's resolver).",
    example: {
      kind: "nginx",
      broken: "map $host $target { default app1:4000; }\nserver {\n  location / { proxy_pass http://$target; }\n}\n",
      fixed:
        "resolver 127.0.0.11 valid=5s;\nmap $host $target { default app1:4000; }\nserver {\n  location / { proxy_pass http://$target; }\n}\n",
    },
    find: eachNginx(({ routes, root, upstreams }) =>
      routes.flatMap(({ pass, block, targets }): Violation[] => {
        const variable = /^\w+:\/\/\$\{?(\w+)/.exec(pass.args[0] ?? "")?.[1];
        if (variable === undefined || effectiveDirectives(block, root, "resolver")?.length !== 0) return [];
        if (isPlaceholder(variable)) return [];
        const hosts = targets.map(hostOf);
        const unknown = hosts.filter(
          (host) => !upstreams.some(({ name }) => name === host) && !/^(?:\d+\.){3}\d+$|^\[|^unix$/.test(host),
        );
        if (hosts.length > 0 && unknown.length === 0) return [];
        const possibleTargets =
          hosts.length === 0 ? "may be any host name" : `may be ${unknown.slice(0, 3).join(", ")}`;
        return [{ places: [pass.at], message: `$${variable} ${possibleTargets}, and no resolver is set.` }];
      }),
    ),
  },
];

import { enclosing, hostOf, type Nginx } from "../readers/nginx.ts";
import { isPartlyUnread, nearest } from "../readers/nginx-syntax.ts";
import type { Found, Rule } from "../rule.ts";
import { eachNginx, eachRoute } from "./each.ts";
import { headers, location } from "./samples.ts";

// What nginx accepts, and users pay for.

/** Whether the choice is between instances: upstreams that share no server are different applications. */
function isAmongInstances(targets: readonly string[], { upstreams }: Nginx): boolean {
  const chosen = [...new Set(targets.map(hostOf))].map((host) => upstreams.find(({ name }) => name === host));
  if (chosen.length < 2) return false;
  if (chosen.includes(undefined)) return true;
  const servers = chosen.flatMap((one) => [...new Set(one?.servers.map(({ args }) => args[0]))]);
  return new Set(servers).size < servers.length;
}

export const nginxTraps: readonly Rule[] = [
  {
    id: "trap-nginx-health-prefix",
    severity: "error",
    title: "A prefix location rewrites more paths than it names",
    reason:
      "Everything that begins with the prefix is rewritten too: /health/detailed becomes /ready/detailed, and slips past whatever hides it; probes of other names get wrong answers.",
    arithmetic: "A location of a probe whose proxy_pass has a path is exact (`location = /health`)",
    fix: "Write location = … for each path.",
    example: {
      kind: "nginx",
      broken: "server {\n  location /health { proxy_pass http://api:4000/ready; }\n}\n",
      mended: "server {\n  location = /health { proxy_pass http://api:4000/ready; }\n}\n",
    },
    find: eachRoute(({ pass, block, probes }) => {
      const place = enclosing(block, "location");
      const prefix = place !== undefined && (place.args.length === 1 || place.args[0] === "^~");
      const path = /^\w+:\/\/[^/]+(\/.+)$/.exec(pass.args[0] ?? "")?.[1];
      if (!probes || !prefix || path === undefined) return [];
      return [
        {
          places: [pass.at, place.at],
          says: `location ${place.args.join(" ")} passes what begins so on to ${path} with the rest behind it.`,
        },
      ];
    }),
  },
  {
    id: "trap-nginx-address-leak",
    severity: "warning",
    title: "Addresses of the instances are told to everybody",
    reason: "A header shows the addresses and ports behind the proxy, all of them when a request was tried twice.",
    arithmetic: "No add_header with `$upstream_addr`",
    fix: "Remove it: the log has $upstream_addr, and the application can send an opaque id.",
    example: {
      kind: "nginx",
      broken: location(`${headers} add_header X-Instance-ID $upstream_addr always;`),
      mended: location(`${headers} add_header X-Cache $upstream_cache_status always;`),
    },
    find: eachNginx(({ all }) =>
      all
        .filter(({ name, args }) => name === "add_header" && args.some((arg) => /\$\{?upstream_addr\b/.test(arg)))
        .map(({ at, args }): Found => ({ places: [at], says: `add_header ${args[0] ?? ""} holds $upstream_addr.` })),
    ),
  },
  {
    id: "trap-nginx-retry-status",
    severity: "error",
    title: "An error status counts as the failure of an instance",
    reason:
      "One broken page is tried on every instance and takes them all out: measured, six requests to it gave 502 for every page, for as long as fail_timeout.",
    arithmetic: "`proxy_next_upstream` has no http_… : a status is an answer",
    fix: "Write proxy_next_upstream error timeout; and proxy_next_upstream_tries 2;",
    example: {
      kind: "nginx",
      broken: location("proxy_next_upstream error timeout http_500;"),
      mended: location("proxy_next_upstream error timeout;"),
    },
    find: eachNginx(({ all }) =>
      all.flatMap((directive): Found[] => {
        const statuses = directive.args.filter((arg) => /^http_[45]\d\d$/.test(arg));
        if (directive.name !== "proxy_next_upstream" || statuses.length === 0) return [];
        return [{ places: [directive.at], says: `proxy_next_upstream has ${statuses.join(", ")}.` }];
      }),
    ),
  },
  {
    id: "trap-nginx-retry-writes",
    severity: "error",
    title: "Writes are sent a second time",
    reason:
      "A POST that was received and not answered in time is sent to another instance: users pay, sign or post twice.",
    arithmetic: "`proxy_next_upstream` has no non_idempotent",
    fix: "Leave non_idempotent out.",
    example: {
      kind: "nginx",
      broken: location("proxy_next_upstream error timeout non_idempotent;"),
      mended: location("proxy_next_upstream error timeout;"),
    },
    find: eachNginx(({ all }) =>
      all
        .filter(({ name, args }) => name === "proxy_next_upstream" && args.includes("non_idempotent"))
        .map(({ at }): Found => ({ places: [at], says: "proxy_next_upstream has non_idempotent." })),
    ),
  },
  {
    id: "trap-nginx-client-chooses",
    severity: "error",
    title: "The client chooses the instance",
    reason:
      "Whoever sends the header reaches the instance of their choice, also one that is to be left alone, and all of them the same one.",
    arithmetic:
      "The variable in proxy_pass is not made of a header, cookie or argument, unless it names upstreams that share no server",
    fix: "Hash on it instead: hash $http_… consistent; in the upstream.",
    example: {
      kind: "nginx",
      broken:
        "resolver 127.0.0.11;\nmap $http_x_instance $target { one app1:4000; default app2:4000; }\nserver {\n  location / { proxy_pass http://$target; }\n}\n",
      mended:
        "upstream api { zone api 64k; hash $http_x_instance consistent; server app1:4000; server app2:4000; }\nserver {\n  location / { proxy_pass http://api; }\n}\n",
    },
    find: eachRoute(({ pass, targets, variables, maps }, nginx) => {
      const theirs = /^\$?\{?(?:http_|cookie_|arg_)/;
      const direct = variables.find((name) => theirs.test(name));
      const map = maps.find(({ args }) => theirs.test(args[0] ?? ""));
      if (direct === undefined && (map === undefined || !isAmongInstances(targets, nginx))) return [];
      const places = map === undefined ? [pass.at] : [map.at, pass.at];
      return [{ places, says: `proxy_pass follows ${map?.args[0] ?? `$${direct}`}.` }];
    }),
  },
  {
    id: "trap-nginx-headers-lost",
    severity: "error",
    title: "The application is not told whom the request is for",
    reason:
      "Host becomes the upstream's name: redirects and links lead nowhere, cookies and origin checks fail. Without X-Forwarded-For and -Proto everybody has the proxy's address, and limits hit all at once.",
    arithmetic:
      "Each location that passes requests on has proxy_set_header for Host, X-Forwarded-For and X-Forwarded-Proto; one of its own takes away all that stand outside",
    fix: "Include one file with all proxy_set_header in each location that has one of its own.",
    example: {
      kind: "nginx",
      broken: `server {\n  ${headers}\n  location / {\n    proxy_set_header X-Real-IP $remote_addr;\n    proxy_pass http://api:4000;\n  }\n}\n`,
      mended: `server {\n  ${headers}\n  location / {\n    proxy_pass http://api:4000;\n  }\n}\n`,
    },
    find: eachRoute(({ block, pass, probes }, { root }) => {
      const set = nearest(block, root, "proxy_set_header", { several: true });
      if (set === undefined) return [];
      const names = new Set(set.map(({ args }) => (args[0] ?? "").toLowerCase()));
      const missing = ["Host", "X-Forwarded-For", "X-Forwarded-Proto"].filter((name) => !names.has(name.toLowerCase()));
      if (missing.length === 0) return [];
      const own = set[0]?.parent === block && (nearest(block.parent, root, "proxy_set_header") ?? []).length > 0;
      const because = own ? ": its own proxy_set_header takes away those outside" : "";
      const severity = missing.includes("Host") && !probes ? "error" : "warning";
      return [
        {
          severity,
          places: [own && set[0] !== undefined ? set[0].at : pass.at],
          says: `${missing.join(", ")} ${missing.length > 1 ? "are" : "is"} not set here${because}.`,
        },
      ];
    }),
  },
  {
    id: "trap-nginx-no-zone",
    severity: "warning",
    title: "Each worker finds out for itself that an instance is gone",
    reason:
      "Without a zone every worker has a memory of its own: users meet a broken instance several times, and 502s linger after it is back.",
    arithmetic: "An upstream of several servers has a `zone`, unless there is one worker",
    fix: "Write zone NAME 128k; in the upstream.",
    example: {
      kind: "nginx",
      broken: "upstream api {\n  server app1:4000;\n  server app2:4000;\n}\n",
      mended: "upstream api {\n  zone api 128k;\n  server app1:4000;\n  server app2:4000;\n}\n",
    },
    find: eachNginx(({ upstreams, root }) => {
      if (root.some(({ name, args }) => name === "worker_processes" && args[0] === "1")) return [];
      return upstreams
        .filter(
          ({ servers, block }) =>
            servers.length > 1 &&
            !block.children?.some(({ name }) => name === "zone") &&
            !isPartlyUnread(block.children),
        )
        .map(({ name, block }): Found => ({ places: [block.at], says: `The upstream ${name} has no zone.` }));
    }),
  },
];

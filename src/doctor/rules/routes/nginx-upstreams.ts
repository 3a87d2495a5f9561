import { hasUnreadInclude } from "../../readers/nginx/nginx-syntax.ts";
import type { Rule, Violation } from "../../rule.ts";
import { eachNginx } from "../for-each.ts";

const balancingMethods = new Set(["least_conn", "ip_hash", "hash", "random", "least_time"]);

export const nginxUpstreamRules: readonly Rule[] = [
  {
    id: "trap-nginx-no-zone",
    severity: "warning",
    title: "Each worker finds out for itself that an instance is gone",
    impact:
      "Without a zone every worker has a memory of its own: users meet a broken instance several times, and 502s linger after it is back.",
    condition: "An upstream of several servers has a `zone`, unless there is one worker",
    fix: "Write zone NAME 128k; in the upstream.",
    example: {
      kind: "nginx",
      broken: "upstream api {\n  server app1:4000;\n  server app2:4000;\n}\n",
      fixed: "upstream api {\n  zone api 128k;\n  server app1:4000;\n  server app2:4000;\n}\n",
    },
    find: eachNginx(({ upstreams, root }) => {
      if (root.some(({ name, args }) => name === "worker_processes" && args[0] === "1")) return [];
      return upstreams
        .filter(
          ({ servers, block }) =>
            servers.length > 1 &&
            !block.children?.some(({ name }) => name === "zone") &&
            !hasUnreadInclude(block.children),
        )
        .map(({ name, block }): Violation => ({ places: [block.at], message: `The upstream ${name} has no zone.` }));
    }),
  },
  {
    id: "trap-nginx-two-methods",
    severity: "error",
    title: "An upstream has two ways to choose a server",
    impact: "nginx does not start (load balancing method redefined), or silently takes the last one.",
    condition: "At most one of least_conn, ip_hash, hash, random in an upstream",
    fix: "Keep one: least_conn, or hash on a cookie for affinity.",
    example: {
      kind: "nginx",
      broken: "upstream api {\n  zone api 64k;\n  least_conn;\n  ip_hash;\n  server app1:4000;\n}\n",
      fixed: "upstream api {\n  zone api 64k;\n  least_conn;\n  server app1:4000;\n}\n",
    },
    find: eachNginx(({ upstreams }) =>
      upstreams.flatMap(({ name, block }): Violation[] => {
        const found = block.children?.filter((child) => balancingMethods.has(child.name)) ?? [];
        if (found.length < 2) return [];
        return [
          {
            places: found.map(({ at }) => at).reverse(),
            message: `The upstream ${name} has ${found.map((one) => one.name).join(" and ")}.`,
          },
        ];
      }),
    ),
  },
  {
    id: "trap-nginx-upstream-twice",
    severity: "error",
    title: "An upstream is defined twice",
    impact: "nginx does not start: duplicate upstream.",
    condition: "The name of an upstream is used once",
    fix: "Remove one, or give it another name.",
    example: {
      kind: "nginx",
      broken: "upstream api { zone a 64k; server app1:4000; }\nupstream api { zone b 64k; server app2:4000; }\n",
      fixed: "upstream api { zone a 64k; server app1:4000; }\nupstream other { zone b 64k; server app2:4000; }\n",
    },
    find: eachNginx(({ upstreams }) =>
      upstreams.flatMap(({ name, block }, index): Violation[] => {
        const before = upstreams.slice(0, index).find((other) => other.name === name);
        return before === undefined
          ? []
          : [{ places: [block.at, before.block.at], message: `The upstream ${name} is there already.` }];
      }),
    ),
  },
];

import { hasUnreadInclude } from "../../readers/nginx/nginx-syntax.ts";
import type { Rule, Violation } from "../../rule.ts";
import { eachNginx } from "../for-each.ts";

const balancingMethods = new Set(["least_conn", "ip_hash", "hash", "random", "least_time"]);

export const nginxUpstreamRules: readonly Rule[] = [
  {
    id: "trap-nginx-no-zone",
    severity: "warning",
    title: "Each nginx worker detects failures on its own",
    impact:
      "Without a zone the workers share no state: users reach a failed instance several times, and some workers still exclude it after it has recovered.",
    condition:
      "An upstream of several servers has a `zone` if `worker_processes` is more than 1. A whole nginx.conf without `worker_processes` has one worker",
    fix: "Add zone NAME 128k; to the upstream.",
    example: {
      kind: "nginx",
      broken: "upstream api {\n  server app1:4000;\n  server app2:4000;\n}\n",
      fixed: "upstream api {\n  zone api 128k;\n  server app1:4000;\n  server app2:4000;\n}\n",
    },
    find: eachNginx(({ upstreams, root, isFragment }) => {
      const workers = root.find(({ name }) => name === "worker_processes");
      if (isFragment ? workers?.args[0] === "1" : workers === undefined || workers.args[0] === "1") return [];
      return upstreams
        .filter(
          ({ servers, block }) =>
            servers.length > 1 &&
            !block.children?.some(({ name }) => name === "zone") &&
            !hasUnreadInclude(block.children),
        )
        .map(
          ({ name, block }): Violation => ({
            places: [block.at],
            message: `The upstream ${name} has no zone.`,
            ...(isFragment && { confidence: "medium" }),
          }),
        );
    }),
  },
  {
    id: "trap-nginx-two-methods",
    severity: "error",
    title: "An upstream has two balancing methods",
    impact: "nginx does not start (load balancing method redefined), or silently uses the last one.",
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
    condition: "Each upstream of a file has a unique name",
    fix: "Remove one, or rename it.",
    example: {
      kind: "nginx",
      broken: "upstream api { zone a 64k; server app1:4000; }\nupstream api { zone b 64k; server app2:4000; }\n",
      fixed: "upstream api { zone a 64k; server app1:4000; }\nupstream other { zone b 64k; server app2:4000; }\n",
    },
    find: eachNginx(({ upstreams }) =>
      upstreams.flatMap(({ name, block }, index): Violation[] => {
        // An image may contain only some files of a folder, so only names in the same file are compared.
        const earlier = upstreams
          .slice(0, index)
          .find((other) => other.name === name && other.block.at.file === block.at.file);
        if (earlier === undefined) return [];
        return [{ places: [block.at, earlier.block.at], message: `The upstream ${name} is already defined.` }];
      }),
    ),
  },
];

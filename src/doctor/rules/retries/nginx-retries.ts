import type { Rule, Violation } from "../../rule.ts";
import { location } from "../example-files.ts";
import { eachNginx } from "../for-each.ts";

export const nginxRetryRules: readonly Rule[] = [
  {
    id: "trap-nginx-retry-status",
    severity: "error",
    title: "nginx treats an error status as a failed instance",
    impact:
      "One broken page is retried on every instance and excludes all of them. Measured: six requests to such a page made every page return 502 for the duration of fail_timeout.",
    condition:
      "`proxy_next_upstream` contains no http_… status: a server that returns an error status has answered the request. For 502, 503 and 504 alone it is a warning",
    fix: "Set proxy_next_upstream error timeout; and proxy_next_upstream_tries 2;",
    example: {
      kind: "nginx",
      broken: location("proxy_next_upstream error timeout http_500;"),
      fixed: location("proxy_next_upstream error timeout;"),
    },
    find: eachNginx(({ all }) =>
      all.flatMap((directive): Violation[] => {
        const statuses = directive.args.filter((arg) => /^http_[45]\d\d$/.test(arg));
        if (directive.name !== "proxy_next_upstream" || statuses.length === 0) return [];
        // 502, 503 and 504 often come from a proxy between nginx and the instance, which may then be down.
        const severity = statuses.some((one) => !/^http_50[234]$/.test(one)) ? "error" : "warning";
        return [{ severity, places: [directive.at], message: `proxy_next_upstream contains ${statuses.join(", ")}.` }];
      }),
    ),
  },
  {
    id: "trap-nginx-retry-writes",
    severity: "error",
    title: "nginx retries writes",
    impact: "A POST whose response is late is sent to another instance as well: users pay, sign or post twice.",
    condition: "`proxy_next_upstream` does not contain non_idempotent",
    fix: "Remove non_idempotent.",
    example: {
      kind: "nginx",
      broken: location("proxy_next_upstream error timeout non_idempotent;"),
      fixed: location("proxy_next_upstream error timeout;"),
    },
    find: eachNginx(({ all }) =>
      all
        .filter(({ name, args }) => name === "proxy_next_upstream" && args.includes("non_idempotent"))
        .map(({ at }): Violation => ({ places: [at], message: "proxy_next_upstream contains non_idempotent." })),
    ),
  },
];

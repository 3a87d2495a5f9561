import type { Rule, Violation } from "../../rule.ts";
import { location } from "../example-files.ts";
import { eachNginx } from "../for-each.ts";

export const nginxRetryRules: readonly Rule[] = [
  {
    id: "trap-nginx-retry-status",
    severity: "error",
    title: "An error status counts as the failure of an instance",
    impact:
      "One broken page is tried on every instance and takes them all out: measured, six requests to it gave 502 for every page, for as long as fail_timeout.",
    condition: "`proxy_next_upstream` has no http_… : a status is an answer",
    fix: "Write proxy_next_upstream error timeout; and proxy_next_upstream_tries 2;",
    example: {
      kind: "nginx",
      broken: location("proxy_next_upstream error timeout http_500;"),
      fixed: location("proxy_next_upstream error timeout;"),
    },
    find: eachNginx(({ all }) =>
      all.flatMap((directive): Violation[] => {
        const statuses = directive.args.filter((arg) => /^http_[45]\d\d$/.test(arg));
        if (directive.name !== "proxy_next_upstream" || statuses.length === 0) return [];
        return [{ places: [directive.at], message: `proxy_next_upstream has ${statuses.join(", ")}.` }];
      }),
    ),
  },
  {
    id: "trap-nginx-retry-writes",
    severity: "error",
    title: "Writes are sent a second time",
    impact:
      "A POST that was received and not answered in time is sent to another instance: users pay, sign or post twice.",
    condition: "`proxy_next_upstream` has no non_idempotent",
    fix: "Leave non_idempotent out.",
    example: {
      kind: "nginx",
      broken: location("proxy_next_upstream error timeout non_idempotent;"),
      fixed: location("proxy_next_upstream error timeout;"),
    },
    find: eachNginx(({ all }) =>
      all
        .filter(({ name, args }) => name === "proxy_next_upstream" && args.includes("non_idempotent"))
        .map(({ at }): Violation => ({ places: [at], message: "proxy_next_upstream has non_idempotent." })),
    ),
  },
];

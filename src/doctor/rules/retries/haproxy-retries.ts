import { effectiveLines, linesOf } from "../../readers/haproxy/haproxy.ts";
import type { Rule, Violation } from "../../rule.ts";
import { backend } from "../example-files.ts";
import { eachHaproxy } from "../for-each.ts";

export const haproxyRetryRules: readonly Rule[] = [
  {
    id: "trap-haproxy-retry-writes",
    severity: "error",
    title: "HAProxy retries writes",
    impact: "A POST whose response is late is sent to another instance as well: users pay, sign or post twice.",
    condition:
      "A `retry-on` with more than conn-failure is used only together with `http-request disable-l7-retry unless { method GET HEAD OPTIONS }`",
    fix: "Add http-request disable-l7-retry unless { method GET HEAD OPTIONS }.",
    example: {
      kind: "haproxy",
      broken: backend("retry-on all-retryable-errors\n  server app1 app1:4000 check"),
      fixed: backend(
        "retry-on conn-failure empty-response\n  http-request disable-l7-retry unless { method GET HEAD OPTIONS }\n  server app1 app1:4000 check",
      ),
    },
    find: eachHaproxy(({ proxies }) =>
      proxies.flatMap(({ section, servers }): Violation[] => {
        const lines = effectiveLines(section);
        const retry = lines.findLast(({ words }) => words[0] === "retry-on");
        const riskyConditions =
          retry?.words.slice(1).filter((word) => word !== "conn-failure" && word !== "none") ?? [];
        const skipsWrites = lines.some(({ words }) => words[0] === "http-request" && words[1] === "disable-l7-retry");
        if (retry === undefined || servers.length === 0 || riskyConditions.length === 0 || skipsWrites) return [];
        return [{ places: [retry.at], message: `retry-on ${riskyConditions.join(" ")} also applies to POST.` }];
      }),
    ),
  },
  {
    id: "trap-haproxy-retry-status",
    severity: "error",
    title: "HAProxy retries an error status on other servers",
    impact: "One broken page occupies every instance, and each retry adds to an overload.",
    condition:
      "`retry-on` contains no status and no all-retryable-errors: a server that returns an error status has answered the request",
    fix: "Write retry-on conn-failure empty-response response-timeout.",
    example: {
      kind: "haproxy",
      broken: backend(
        "retry-on conn-failure 500\n  http-request disable-l7-retry unless { method GET }\n  server app1 app1:4000 check",
      ),
      fixed: backend(
        "retry-on conn-failure empty-response\n  http-request disable-l7-retry unless { method GET }\n  server app1 app1:4000 check",
      ),
    },
    find: eachHaproxy(({ sections }) =>
      sections.flatMap((section) =>
        linesOf(section, "retry-on").flatMap(({ words, at }): Violation[] => {
          const statuses = words.slice(1).filter((word) => /^\d{3}$/.test(word) || word === "all-retryable-errors");
          return statuses.length === 0 ? [] : [{ places: [at], message: `retry-on contains ${statuses.join(", ")}.` }];
        }),
      ),
    ),
  },
];

import { conditionOf, linesOf } from "../../readers/haproxy/haproxy.ts";
import type { Line } from "../../readers/haproxy/haproxy-syntax.ts";
import type { Rule, Violation } from "../../rule.ts";
import { eachHaproxy } from "../for-each.ts";

const counterCondition = /\bsc\d?_?\w*(?:rate|cnt|gpc|trackers)|\bsc_\w+|\bsrc_\w*(?:rate|cnt)|\btable_\w*(?:rate|cnt)/;

/** Matches `[::]:80`, `:::80`, `ipv6@…` and `v4v6`. A `bind` without a host, such as `:80`, listens on IPv4 only. */
const listensOnIpv6 = ({ words }: Line): boolean =>
  /^(?:\[|ipv6@|::)/.test(words[1] ?? "") || words.includes("v4v6") || words.includes("v6only");

const ipv6Frontend = "frontend web\n  bind [::]:80 v4v6\n  timeout client 30s\n";

export const haproxyLimitRules: readonly Rule[] = [
  {
    id: "trap-haproxy-ipv4-table",
    severity: "warning",
    title: "A stick table holds IPv4 addresses only",
    impact: "IPv6 clients are not counted, so they are never limited.",
    condition:
      "Where a `bind` listens on IPv6, each stick table of addresses has `type ipv6`, which holds IPv4 addresses too. `bind *:80` listens on IPv4 only",
    fix: "Set type ipv6, and track src,ipmask(32,64).",
    example: {
      kind: "haproxy",
      broken: `${ipv6Frontend}backend limits\n  stick-table type ip size 100k expire 30s store http_req_rate(10s)\n`,
      fixed: `${ipv6Frontend}backend limits\n  stick-table type ipv6 size 100k expire 30s store http_req_rate(10s)\n`,
    },
    find: eachHaproxy(({ sections }) =>
      !sections.some((section) => linesOf(section, "bind").some(listensOnIpv6))
        ? []
        : sections.flatMap((section) =>
            linesOf(section, "stick-table")
              .filter(({ words }) => words[words.indexOf("type") + 1] === "ip")
              .map(({ at }): Violation => ({ places: [at], message: "stick-table has type ip." })),
          ),
    ),
  },
  {
    id: "trap-haproxy-deny-status",
    severity: "warning",
    title: "A rate limit answers with 403",
    impact:
      "403 is HAProxy's default status for deny: clients give up permanently, or retry at once, because the response has no Retry-After.",
    condition: "`http-request deny` whose condition reads a counter has `deny_status 429` (or `status 429`)",
    fix: "Write http-request deny status 429 hdr Retry-After 10 if …",
    example: {
      kind: "haproxy",
      broken:
        "frontend web\n  bind :80\n  timeout client 30s\n  http-request track-sc0 src\n  http-request deny if { sc_http_req_rate(0) gt 100 }\n",
      fixed:
        "frontend web\n  bind :80\n  timeout client 30s\n  http-request track-sc0 src\n  http-request deny status 429 hdr Retry-After 10 if { sc_http_req_rate(0) gt 100 }\n",
    },
    find: eachHaproxy(({ sections }) =>
      sections.flatMap((section) =>
        linesOf(section, "http-request", "deny").flatMap((line): Violation[] => {
          if (!counterCondition.test(conditionOf(section, line))) return [];
          const index = line.words.findIndex((word) => word === "deny_status" || word === "status");
          const status = index === -1 ? "403" : (line.words[index + 1] ?? "403");
          return status === "429" ? [] : [{ places: [line.at], message: `A limit answers with ${status}.` }];
        }),
      ),
    ),
  },
];

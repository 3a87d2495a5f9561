import { conditionOf, linesOf } from "../readers/haproxy.ts";
import type { Found, Rule } from "../rule.ts";
import { eachHaproxy } from "./each.ts";
import { backend } from "./samples.ts";

const counts = /\bsc\d?_?\w*(?:rate|cnt|gpc|trackers)|\bsc_\w+|\bsrc_\w*(?:rate|cnt)|\btable_\w*(?:rate|cnt)/;

export const haproxyTraps: readonly Rule[] = [
  {
    id: "trap-haproxy-brace",
    severity: "error",
    title: "A brace that HAProxy does not know",
    reason:
      "HAProxy refuses the configuration: its sections have no braces, only anonymous conditions have, both on one line.",
    arithmetic: "As many `{` as `}` in a line, and none that stands alone",
    fix: "Remove it.",
    example: {
      kind: "haproxy",
      broken: backend("server app1 app1:4000 check\n}"),
      mended: backend("server app1 app1:4000 check"),
    },
    find: eachHaproxy(({ sections }) =>
      sections.flatMap(({ lines }) =>
        lines.flatMap(({ words, at }): Found[] => {
          const open = words.filter((word) => word === "{" || word === "!{").length;
          const close = words.filter((word) => word === "}").length;
          const first = words[0] === "{" || words[0] === "}";
          return open === close && !first
            ? []
            : [{ places: [at], says: `\`${words.slice(0, 4).join(" ")}\` has a brace without its other half.` }];
        }),
      ),
    ),
  },
  {
    id: "trap-haproxy-ipv4-table",
    severity: "warning",
    title: "A table that holds IPv4 addresses only",
    reason: "Clients with IPv6 are not counted: they are never limited.",
    arithmetic: "`stick-table type ipv6` (which holds both) where addresses are counted",
    fix: "Write type ipv6, and track src,ipmask(32,64).",
    example: {
      kind: "haproxy",
      broken: "backend limits\n  stick-table type ip size 100k expire 30s store http_req_rate(10s)\n",
      mended: "backend limits\n  stick-table type ipv6 size 100k expire 30s store http_req_rate(10s)\n",
    },
    find: eachHaproxy(({ sections }) =>
      sections.flatMap((section) =>
        linesOf(section, "stick-table")
          .filter(({ words }) => words[words.indexOf("type") + 1] === "ip")
          .map(({ at }): Found => ({ places: [at], says: "stick-table has type ip." })),
      ),
    ),
  },
  {
    id: "trap-haproxy-deny-status",
    severity: "warning",
    title: "Who is over a limit is told that the path is forbidden",
    reason:
      "403 is what HAProxy says unless told otherwise: clients give up for good, or try again at once, for nothing says when.",
    arithmetic: "`http-request deny` by a counter has `deny_status 429` (or `status 429`)",
    fix: "Write http-request deny status 429 hdr Retry-After 10 if …",
    example: {
      kind: "haproxy",
      broken:
        "frontend web\n  bind :80\n  timeout client 30s\n  http-request track-sc0 src\n  http-request deny if { sc_http_req_rate(0) gt 100 }\n",
      mended:
        "frontend web\n  bind :80\n  timeout client 30s\n  http-request track-sc0 src\n  http-request deny status 429 hdr Retry-After 10 if { sc_http_req_rate(0) gt 100 }\n",
    },
    find: eachHaproxy(({ sections }) =>
      sections.flatMap((section) =>
        linesOf(section, "http-request", "deny").flatMap((line): Found[] => {
          if (!counts.test(conditionOf(section, line))) return [];
          const index = line.words.findIndex((word) => word === "deny_status" || word === "status");
          const status = index === -1 ? "403" : (line.words[index + 1] ?? "403");
          return status === "429" ? [] : [{ places: [line.at], says: `A limit answers with ${status}.` }];
        }),
      ),
    ),
  },
];

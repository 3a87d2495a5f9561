import { formatNumber, ms } from "../../config-values.ts";
import { timeoutLine } from "../../readers/haproxy/haproxy.ts";
import type { Line } from "../../readers/haproxy/haproxy-syntax.ts";
import type { Rule, Violation } from "../../rule.ts";
import { milliseconds } from "../../units.ts";
import { location } from "../example-files.ts";

/** `timeout server 0`, in whatever unit. */
const isZero = ({ words }: Line): boolean => milliseconds(words[2] ?? "", "ms") === 0;

export const requestTimeoutRules: readonly Rule[] = [
  {
    id: "deadline-request-longer-than-proxy",
    severity: "error",
    title: "The proxy gives up a request before the application does",
    impact:
      "Users get a bare 504, while the application goes on working for nobody: whoever tries again does it twice.",
    condition:
      "`REQUEST_TIMEOUT_MS` < nginx `proxy_read_timeout` (60 s unless written), HAProxy `timeout server`, ALB `idle_timeout` (60 s), ingress-nginx `proxy-read-timeout` (60 s), HTTPRoute `timeouts`, Google's `timeoutSec` (30 s). Locations of probes are left out",
    fix: "Raise the proxy's time limit above REQUEST_TIMEOUT_MS, or lower that.",
    example: {
      kind: "nginx",
      alongside: { settings: "REQUEST_TIMEOUT_MS=15000\n" },
      broken: location("proxy_read_timeout 10s;"),
      fixed: location("proxy_read_timeout 20s;"),
    },
    find: ({ loadBalancers }) =>
      loadBalancers.flatMap(({ loadBalancer, apps }) =>
        apps.flatMap(({ settings }) => {
          const request = settings.number("REQUEST_TIMEOUT_MS");
          if (request === undefined) return [];
          return loadBalancer.readTimeouts
            .filter((read) => read.value !== 0 && read.value <= request.value)
            .map(
              (read): Violation => ({
                numbers: [read, request],
                message: `${loadBalancer.name} waits ${formatNumber(read)} for an answer that may take ${formatNumber(request)}.`,
                fix: `Set ${read.name} to ${formatNumber(ms("", request.value + 5000, read.at))}, or REQUEST_TIMEOUT_MS below ${formatNumber(read)}.`,
              }),
            );
        }),
      ),
  },
  {
    id: "deadline-none",
    severity: "error",
    title: "HAProxy waits for ever",
    impact:
      "One instance or client that says nothing holds its connection for good: they add up until HAProxy takes no more, and everybody is locked out.",
    condition:
      "`timeout connect`, `timeout client` and `timeout server` are written, here or in `defaults`, and not 0; HAProxy has no defaults for them",
    fix: "Write timeout connect 2s, timeout client 30s and timeout server 20s in defaults.",
    example: {
      kind: "haproxy",
      broken:
        "defaults\n  mode http\n  timeout client 30s\n  timeout server 20s\nbackend api\n  server app1 app1:4000 check\n",
      fixed:
        "defaults\n  mode http\n  timeout connect 2s\n  timeout client 30s\n  timeout server 20s\nbackend api\n  server app1 app1:4000 check\n",
    },
    find: ({ haproxy }) =>
      haproxy.flatMap(({ proxies, isFragment }) =>
        proxies.flatMap(({ section, servers }): Violation[] => {
          if (isFragment) return [];
          const takes = section.kind !== "backend" && section.lines.some(({ words }) => words[0] === "bind");
          const wanted = [...(takes ? ["client"] : []), ...(servers.length > 0 ? ["connect", "server"] : [])];
          const missing = wanted.filter((name) => timeoutLine(section, name) === undefined);
          const forever = wanted.flatMap((name) => timeoutLine(section, name) ?? []).filter(isZero);
          const whose = `${section.kind} ${section.name}`;
          return [
            ...(missing.length === 0
              ? []
              : [{ places: [section.at], message: `${whose} has no timeout ${missing.join(", no timeout ")}.` }]),
            ...forever.map(({ words, at }) => ({ places: [at], message: `${words.join(" ")} is no limit at all.` })),
          ];
        }),
      ),
  },
  {
    id: "deadline-query-longer-than-request",
    severity: "warning",
    title: "A request is given up before its query is",
    impact: "Queries go on for users who have their error already, and hold the connections that others wait for.",
    condition: "`DB_CONNECT_TIMEOUT_MS` + `DB_STATEMENT_TIMEOUT_MS` < `REQUEST_TIMEOUT_MS`",
    fix: "Lower DB_STATEMENT_TIMEOUT_MS, or raise REQUEST_TIMEOUT_MS (and what waits for it).",
    example: { kind: "settings", broken: "DB_STATEMENT_TIMEOUT_MS=30000\n", fixed: "DB_STATEMENT_TIMEOUT_MS=5000\n" },
    find: ({ apps }) =>
      apps.flatMap(({ settings }): Violation[] => {
        const connect = settings.number("DB_CONNECT_TIMEOUT_MS");
        const statement = settings.number("DB_STATEMENT_TIMEOUT_MS");
        const request = settings.number("REQUEST_TIMEOUT_MS");
        if (connect === undefined || statement === undefined || request === undefined) return [];
        if (connect.value + statement.value < request.value) return [];
        const message = `${formatNumber(connect)} for a connection and ${formatNumber(statement)} for a statement would have to be less than the ${formatNumber(request)} of a request.`;
        return [{ numbers: [statement, connect, request], message }];
      }),
  },
];

import { formatNumber, ms } from "../../facts/config-values.ts";
import { milliseconds } from "../../facts/units.ts";
import { type ProxySection, timeoutLine } from "../../readers/haproxy/haproxy.ts";
import type { Line, Section } from "../../readers/haproxy/haproxy-syntax.ts";
import type { Rule, Violation } from "../../rule.ts";
import { location } from "../example-files.ts";

/** Returns whether a timeout is 0, in any unit. */
const isZero = ({ words }: Line): boolean => milliseconds(words[2] ?? "", "ms") === 0;

type SectionTimeouts = { section: Section; missing: readonly string[]; unlimited: readonly Line[] };

function timeoutsOf({ section, servers }: ProxySection): SectionTimeouts {
  const isListening = section.kind !== "backend" && section.lines.some(({ words }) => words[0] === "bind");
  const required = [...(isListening ? ["client"] : []), ...(servers.length > 0 ? ["connect", "server"] : [])];
  return {
    section,
    missing: required.filter((name) => timeoutLine(section, name) === undefined),
    unlimited: required.flatMap((name) => timeoutLine(section, name) ?? []).filter(isZero),
  };
}

/** Returns one finding for a file without any timeout, instead of one for each section. */
function unlimitedWaits(proxies: readonly ProxySection[]): Violation[] {
  const timeouts = proxies.map(timeoutsOf);
  const incomplete = timeouts.filter(({ missing }) => missing.length > 0);
  const zeroTimeouts = timeouts
    .flatMap(({ unlimited }) => unlimited)
    .map(({ words, at }): Violation => ({ places: [at], message: `${words.join(" ")} means without limit.` }));
  const [first] = incomplete;
  if (first !== undefined && !proxies.some(({ section }) => timeoutNames.some((name) => timeoutLine(section, name))))
    return [{ places: [first.section.at], message: "No section has a timeout." }];
  return [
    ...incomplete.map(
      ({ section, missing }): Violation => ({
        places: [section.at],
        message: `${section.kind} ${section.name} has no timeout ${missing.join(", no timeout ")}.`,
      }),
    ),
    ...zeroTimeouts,
  ];
}

const timeoutNames = ["client", "connect", "server"];

export const requestTimeoutRules: readonly Rule[] = [
  {
    id: "deadline-request-longer-than-proxy",
    severity: "error",
    title: "The proxy times out before the application does",
    impact:
      "Users get a 504 page of the proxy while the application completes the request: a user who retries does the work twice.",
    condition:
      "`REQUEST_TIMEOUT_MS` < nginx `proxy_read_timeout` (default 60 s), HAProxy `timeout server`, ALB `idle_timeout` (60 s), ingress-nginx `proxy-read-timeout` (60 s), HTTPRoute `timeouts`, Google's `timeoutSec` (30 s). Probe locations are ignored",
    fix: "Raise the timeout of the proxy above REQUEST_TIMEOUT_MS, or lower REQUEST_TIMEOUT_MS.",
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
                message: `${loadBalancer.name} waits ${formatNumber(read)} for a response that may take ${formatNumber(request)}.`,
                fix: `Set ${read.name} to ${formatNumber(ms("", request.value + 5000, read.at))}, or REQUEST_TIMEOUT_MS below ${formatNumber(read)}.`,
              }),
            );
        }),
      ),
  },
  {
    id: "deadline-none",
    severity: "error",
    title: "HAProxy waits without limit",
    impact:
      "An instance or client that stops responding occupies a connection forever: such connections add up until HAProxy accepts no more.",
    condition:
      "`timeout connect`, `timeout client` and `timeout server` are set, in the section or in `defaults`, and not 0; HAProxy has no defaults for them",
    fix: "Set timeout connect 2s, timeout client 30s and timeout server 20s in defaults.",
    example: {
      kind: "haproxy",
      broken:
        "defaults\n  mode http\n  timeout client 30s\n  timeout server 20s\nbackend api\n  server app1 app1:4000 check\n",
      fixed:
        "defaults\n  mode http\n  timeout connect 2s\n  timeout client 30s\n  timeout server 20s\nbackend api\n  server app1 app1:4000 check\n",
    },
    find: ({ haproxy }) => haproxy.flatMap(({ proxies, isFragment }) => (isFragment ? [] : unlimitedWaits(proxies))),
  },
  {
    id: "deadline-query-longer-than-request",
    severity: "warning",
    title: "A query may run longer than its request",
    impact: "Queries continue after the request has failed, and occupy connections that other requests wait for.",
    condition: "`DB_CONNECT_TIMEOUT_MS` + `DB_STATEMENT_TIMEOUT_MS` < `REQUEST_TIMEOUT_MS`",
    fix: "Lower DB_STATEMENT_TIMEOUT_MS, or raise REQUEST_TIMEOUT_MS and the timeouts of the proxies.",
    example: { kind: "settings", broken: "DB_STATEMENT_TIMEOUT_MS=30000\n", fixed: "DB_STATEMENT_TIMEOUT_MS=5000\n" },
    find: ({ apps }) =>
      apps.flatMap(({ settings }): Violation[] => {
        const connect = settings.number("DB_CONNECT_TIMEOUT_MS");
        const statement = settings.number("DB_STATEMENT_TIMEOUT_MS");
        const request = settings.number("REQUEST_TIMEOUT_MS");
        if (connect === undefined || statement === undefined || request === undefined) return [];
        if (connect.value + statement.value < request.value) return [];
        const message = `${formatNumber(connect)} for a connection and ${formatNumber(statement)} for a statement must be less than the ${formatNumber(request)} of a request.`;
        return [{ numbers: [statement, connect, request], message }];
      }),
  },
];

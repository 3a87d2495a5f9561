import {
  effectiveLine,
  effectiveLines,
  type Haproxy,
  type ProxySection,
  timeoutLine,
} from "../../readers/haproxy/haproxy.ts";
import type { Line } from "../../readers/haproxy/haproxy-syntax.ts";
import type { Rule, Violation } from "../../rule.ts";
import { eachHaproxy } from "../for-each.ts";

/** Returns whether a line has a condition, a path or a name that is typical of WebSockets. */
const isForWebSockets = ({ words }: Line): boolean => {
  const line = words.join(" ");
  return (
    /\bhdr\w*\(upgrade\)[^#]*websocket/i.test(line) ||
    /^(?:acl|use_backend) .*(?:socket\.io|websocket|\/ws\b|\/sockjs)/i.test(line)
  );
};

/**
 * Returns the sections whose servers serve WebSockets. The line that mentions WebSockets is in the section itself, or in a
 * frontend that leads to it.
 */
function sectionsWithWebSockets({ proxies }: Haproxy): { proxy: ProxySection; line: Line }[] {
  return proxies.flatMap((proxy) => {
    const line = proxy.section.lines.find(isForWebSockets);
    if (line === undefined || !proxy.isHttp) return [];
    if (proxy.servers.length > 0) return [{ proxy, line }];
    const isNegated = ({ words }: Line) => words.includes("unless") || words.includes(`!${line.words[1]}`);
    const named = effectiveLines(proxy.section)
      .filter(({ words }) => /^(?:use|default)_backend$/.test(words[0] ?? ""))
      .filter((use) => !isNegated(use))
      .filter((use) => isForWebSockets(use) || use.words.slice(2).some((word) => word === line.words[1]));
    const backends = named.map(({ words }) => words[1] ?? "");
    return proxies
      .filter(({ section }) => section.kind === "backend" && backends.includes(section.name))
      .map((backend) => ({ proxy: backend, line }));
  });
}

const proxy = (timeouts: string) => `defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  ${timeouts}
frontend web
  bind *:80
  acl is_socket hdr(Upgrade) -i websocket
  use_backend sockets if is_socket
backend sockets
  server app1 app1:4000 check
`;

export const tunnelTimeoutRules: readonly Rule[] = [
  {
    id: "deadline-no-tunnel-timeout",
    severity: "warning",
    title: "HAProxy closes idle WebSockets like idle requests",
    impact:
      "Without `timeout tunnel` the shorter of `timeout client` and `timeout server` applies to WebSockets: an idle connection is cut after that time, and clients reconnect all the time.",
    condition: "A section that serves WebSockets has `timeout tunnel`, in the section or in `defaults`",
    fix: "Set timeout tunnel 1h.",
    example: { kind: "haproxy", broken: proxy(""), fixed: proxy("timeout tunnel 1h") },
    find: eachHaproxy((haproxy) =>
      sectionsWithWebSockets(haproxy)
        .filter(({ proxy: { section } }) => timeoutLine(section, "tunnel") === undefined)
        .filter(({ proxy: { section } }) => effectiveLine(section, "timeout", "server") !== undefined)
        .map(
          ({ proxy: { section }, line }): Violation => ({
            places: [section.at, line.at],
            message: `${section.kind} ${section.name} serves WebSockets and has no timeout tunnel.`,
          }),
        ),
    ),
  },
];

import { conditionOf, effectiveLines, type Haproxy, linesOf } from "../../readers/haproxy/haproxy.ts";
import type { Line, Section } from "../../readers/haproxy/haproxy-syntax.ts";
import type { Rule, Violation } from "../../rule.ts";
import { backend } from "../example-files.ts";
import { eachHaproxy } from "../for-each.ts";

const loopback = /^(?:127\.|localhost|\[?::1|unix@|\/|abns@)/;

/** Returns the `bind` lines through which a section is reached: its own, or those of the sections that lead to it. */
function listenersOf({ section }: Haproxy["proxies"][number], { proxies }: Haproxy): Line[] {
  if (section.kind !== "backend") return linesOf(section, "bind");
  return proxies
    .filter(({ section: frontend }) =>
      effectiveLines(frontend).some(
        ({ words }) => /^(?:default|use)_backend$/.test(words[0] ?? "") && words[1] === section.name,
      ),
    )
    .flatMap(({ section: frontend }) => linesOf(frontend, "bind"));
}

/** Returns whether the section accepts only certain client addresses, or requires a password. */
const isAccessRestricted = (section: Section): boolean =>
  effectiveLines(section).some((line) => {
    const text = line.words.join(" ");
    if (/^(?:stats )?http-request auth\b/.test(text)) return true;
    const refuses = /^(?:(?:stats )?http-request (?:deny|reject|silent-drop|tarpit)|tcp-request \w+ reject)\b/.test(
      text,
    );
    return refuses && /(?:^|[\s{!])(?:src|http_auth\S*)\s/.test(conditionOf(section, line));
  });

export const haproxyListenerRules: readonly Rule[] = [
  {
    id: "trap-haproxy-stats-open",
    severity: "error",
    title: "The statistics page is public",
    impact: "The page shows all servers, and with `stats admin` any visitor can take them out of rotation.",
    condition:
      "The statistics page (`stats enable`, `stats uri`) is on a loopback address, is restricted to some client addresses, or has `stats auth` with a password from the environment. A password in the file is a warning",
    fix: "Bind 127.0.0.1:8404, and use stats auth with a password from the environment.",
    example: {
      kind: "haproxy",
      broken:
        "listen stats\n  bind *:8404\n  mode http\n  timeout client 30s\n  stats enable\n  stats uri /stats\n  stats auth admin:password\n",
      fixed:
        "listen stats\n  bind 127.0.0.1:8404\n  mode http\n  timeout client 30s\n  stats enable\n  stats uri /stats\n",
    },
    find: eachHaproxy((haproxy) => {
      const reported = new Set<Line>();
      return haproxy.proxies.flatMap((proxy): Violation[] => {
        const { section } = proxy;
        const lines = effectiveLines(section).filter(({ words }) => words[0] === "stats");
        const statsLine =
          lines.find(({ words }) => words[1] === "enable") ?? lines.find(({ words }) => words[1] === "uri");
        const publicListener = listenersOf(proxy, haproxy).find(({ words }) => !loopback.test(words[1] ?? ""));
        if (
          statsLine === undefined ||
          publicListener === undefined ||
          reported.has(statsLine) ||
          isAccessRestricted(section)
        )
          return [];
        const auth = lines.find(({ words }) => words[1] === "auth");
        if (auth !== undefined && /:\$\{?\w/.test(auth.words[2] ?? "")) return [];
        reported.add(statsLine);
        const passwordText = auth === undefined ? "without a password" : "with a password in this file";
        const relatedLine = auth ?? statsLine;
        const isSameSection = section.lines.includes(publicListener) && section.lines.includes(statsLine);
        return [
          {
            ...(auth !== undefined && {
              severity: "warning",
              title: "The password of the statistics page is in the file",
            }),
            places: isSameSection ? [publicListener.at, relatedLine.at] : [statsLine.at, publicListener.at],
            message: `${section.kind} ${section.name} serves the page on ${publicListener.words[1] ?? "every address"}, ${passwordText}.`,
          },
        ];
      });
    }),
  },
  {
    id: "trap-haproxy-no-socket",
    severity: "warning",
    offByDefault: "many installations never drain a server by hand, or have another way to do it",
    title: "HAProxy has no admin socket",
    impact: "An operator cannot take a server out of rotation before a restart.",
    condition:
      "`stats socket … level admin` in global; without `level admin` the socket is read-only. In master-worker mode, a reload does not need this socket to hand over the listening sockets",
    fix: "Add stats socket /var/run/haproxy.sock mode 600 level admin expose-fd listeners to global.",
    example: {
      kind: "haproxy",
      broken: backend("server app1 app1:4000 check", "global\n  maxconn 4096\n"),
      fixed: backend(
        "server app1 app1:4000 check",
        "global\n  maxconn 4096\n  stats socket /var/run/haproxy.sock mode 600 level admin expose-fd listeners\n",
      ),
    },
    find: eachHaproxy(({ sections, proxies }) => {
      const globals = sections.filter(({ kind }) => kind === "global");
      const sockets = globals.flatMap((section) => linesOf(section, "stats", "socket"));
      if (globals[0] === undefined || !proxies.some(({ servers }) => servers.length > 0)) return [];
      if (sockets.some(({ words }) => words[words.indexOf("level") + 1] === "admin")) return [];
      const [socket] = sockets;
      return [
        socket === undefined
          ? { places: [globals[0].at], message: "global has no stats socket." }
          : {
              places: [socket.at],
              message: "The stats socket has no level admin, so it is read-only.",
            },
      ];
    }),
  },
];

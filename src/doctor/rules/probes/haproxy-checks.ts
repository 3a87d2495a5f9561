import { isChecked, isTracking, linesOf } from "../../readers/haproxy/haproxy.ts";
import type { Line } from "../../readers/haproxy/haproxy-syntax.ts";
import type { Rule, Violation } from "../../rule.ts";
import { backend } from "../example-files.ts";
import { eachHaproxy } from "../for-each.ts";

export const haproxyCheckRules: readonly Rule[] = [
  {
    id: "trap-haproxy-check-order",
    severity: "error",
    title: "The check expects a response before it sends a request",
    impact: "HAProxy rejects the configuration: it does not start, or keeps the old configuration.",
    condition: "`http-check send` comes before `http-check expect`",
    fix: "Move send before expect.",
    example: {
      kind: "haproxy",
      broken: backend(
        "http-check expect status 200\n  http-check send meth GET uri /ready\n  server app1 app1:4000 check",
      ),
      fixed: backend(
        "http-check send meth GET uri /ready\n  http-check expect status 200\n  server app1 app1:4000 check",
      ),
    },
    find: eachHaproxy(({ sections }) =>
      sections.flatMap((section): Violation[] => {
        let expected: Line | undefined;
        for (const line of linesOf(section, "http-check")) {
          if (line.words[1] === "connect") expected = undefined;
          if (line.words[1] === "expect") expected ??= line;
          if (line.words[1] === "send" && expected !== undefined)
            return [
              {
                places: [line.at, expected.at],
                message: `In ${section.kind} ${section.name} send comes after expect.`,
              },
            ];
        }
        return [];
      }),
    ),
  },
  {
    id: "trap-haproxy-double-check",
    severity: "warning",
    title: "A server is checked twice",
    impact:
      "Two backends check the same address and detect changes at different times: the instance gets twice as many checks, and one backend still sends requests to an instance that the other has marked down.",
    condition:
      "Only one backend checks an address. In other backends, servers with this address `track` the checked server",
    fix: "Use one backend, or track BACKEND/SERVER in the second one.",
    example: {
      kind: "haproxy",
      broken: `${backend("server app1 app1:4000 check")}${backend("server app1 app1:4000 check").replace("backend api", "backend other")}`,
      fixed: `${backend("server app1 app1:4000 check")}${backend("server app1 app1:4000 track api/app1").replace("backend api", "backend other")}`,
    },
    find: eachHaproxy(({ proxies }) => {
      const checked = proxies.flatMap(({ section, servers }) =>
        servers.filter((server) => isChecked(server) && !isTracking(server)).map((server) => ({ section, server })),
      );
      const firstByAddress = new Map(checked.toReversed().map((one) => [one.server.address, one]));
      return checked.flatMap(({ section, server }): Violation[] => {
        const firstCheck = firstByAddress.get(server.address);
        if (firstCheck === undefined || firstCheck.section === section) return [];
        return [
          {
            places: [server.at, firstCheck.server.at],
            message: `${server.address} is checked in ${firstCheck.section.name} and in ${section.name}.`,
          },
        ];
      });
    }),
  },
];

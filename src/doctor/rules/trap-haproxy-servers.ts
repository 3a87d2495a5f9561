import { isChecked, isTracking, linesInForce, linesOf } from "../readers/haproxy.ts";
import type { Line } from "../readers/haproxy-syntax.ts";
import type { Found, Rule } from "../rule.ts";
import { eachHaproxy } from "./each.ts";
import { backend } from "./samples.ts";

export const haproxyServerTraps: readonly Rule[] = [
  {
    id: "trap-haproxy-check-order",
    severity: "error",
    title: "The check expects an answer before it asks",
    reason: "HAProxy refuses the configuration: it does not start, or goes on with the old one.",
    arithmetic: "`http-check send` stands before `http-check expect`",
    fix: "Put send before expect.",
    example: {
      kind: "haproxy",
      broken: backend(
        "http-check expect status 200\n  http-check send meth GET uri /ready\n  server app1 app1:4000 check",
      ),
      mended: backend(
        "http-check send meth GET uri /ready\n  http-check expect status 200\n  server app1 app1:4000 check",
      ),
    },
    find: eachHaproxy(({ sections }) =>
      sections.flatMap((section): Found[] => {
        let expected: Line | undefined;
        for (const line of linesOf(section, "http-check")) {
          if (line.words[1] === "connect") expected = undefined;
          if (line.words[1] === "expect") expected ??= line;
          if (line.words[1] === "send" && expected !== undefined)
            return [
              { places: [line.at, expected.at], says: `In ${section.kind} ${section.name} send stands behind expect.` },
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
    reason:
      "Two backends ask it, and see it go and come at different times: it is asked twice as often, and half of the traffic still goes to an instance that the other half has left.",
    arithmetic: "An address is checked in one backend; elsewhere its servers `track` that one",
    fix: "Use one backend, or track BACKEND/SERVER in the second.",
    example: {
      kind: "haproxy",
      broken: `${backend("server app1 app1:4000 check")}${backend("server app1 app1:4000 check").replace("backend api", "backend other")}`,
      mended: `${backend("server app1 app1:4000 check")}${backend("server app1 app1:4000 track api/app1").replace("backend api", "backend other")}`,
    },
    find: eachHaproxy(({ proxies }) => {
      const checked = proxies.flatMap(({ section, servers }) =>
        servers.filter((server) => isChecked(server) && !isTracking(server)).map((server) => ({ section, server })),
      );
      const firstOf = new Map(checked.toReversed().map((one) => [one.server.address, one]));
      return checked.flatMap(({ section, server }): Found[] => {
        const before = firstOf.get(server.address);
        if (before === undefined || before.section === section) return [];
        return [
          {
            places: [server.at, before.server.at],
            says: `${server.address} is checked in ${before.section.name} and in ${section.name}.`,
          },
        ];
      });
    }),
  },
  {
    id: "trap-haproxy-retry-writes",
    severity: "error",
    title: "Writes are sent a second time",
    reason:
      "A POST that was received and not answered in time is sent to another instance: users pay, sign or post twice.",
    arithmetic:
      "`retry-on` with more than conn-failure stands beside `http-request disable-l7-retry unless { method GET HEAD OPTIONS }`",
    fix: "Write http-request disable-l7-retry unless { method GET HEAD OPTIONS }.",
    example: {
      kind: "haproxy",
      broken: backend("retry-on all-retryable-errors\n  server app1 app1:4000 check"),
      mended: backend(
        "retry-on conn-failure empty-response\n  http-request disable-l7-retry unless { method GET HEAD OPTIONS }\n  server app1 app1:4000 check",
      ),
    },
    find: eachHaproxy(({ proxies }) =>
      proxies.flatMap(({ section, servers }): Found[] => {
        const lines = linesInForce(section);
        const retry = lines.findLast(({ words }) => words[0] === "retry-on");
        const risky = retry?.words.slice(1).filter((word) => word !== "conn-failure" && word !== "none") ?? [];
        const spared = lines.some(({ words }) => words[0] === "http-request" && words[1] === "disable-l7-retry");
        if (retry === undefined || servers.length === 0 || risky.length === 0 || spared) return [];
        return [{ places: [retry.at], says: `retry-on ${risky.join(" ")} holds for POST as well.` }];
      }),
    ),
  },
  {
    id: "trap-haproxy-retry-status",
    severity: "error",
    title: "An error status is tried everywhere",
    reason:
      "One broken page makes every instance work on it, and an overload is made worse by as many tries as there are.",
    arithmetic: "`retry-on` has no status and no all-retryable-errors: a status is an answer",
    fix: "Write retry-on conn-failure empty-response response-timeout.",
    example: {
      kind: "haproxy",
      broken: backend(
        "retry-on conn-failure 500\n  http-request disable-l7-retry unless { method GET }\n  server app1 app1:4000 check",
      ),
      mended: backend(
        "retry-on conn-failure empty-response\n  http-request disable-l7-retry unless { method GET }\n  server app1 app1:4000 check",
      ),
    },
    find: eachHaproxy(({ sections }) =>
      sections.flatMap((section) =>
        linesOf(section, "retry-on").flatMap(({ words, at }): Found[] => {
          const statuses = words.slice(1).filter((word) => /^\d{3}$/.test(word) || word === "all-retryable-errors");
          return statuses.length === 0 ? [] : [{ places: [at], says: `retry-on has ${statuses.join(", ")}.` }];
        }),
      ),
    ),
  },
];

import { isChecked, type Server } from "../../readers/haproxy/haproxy.ts";
import type { Rule, Violation } from "../../rule.ts";
import { backend } from "../example-files.ts";
import { isLivenessPath } from "../probe-paths.ts";

/** Somebody has to put it into use by hand before a request gets there. */
const isDisabled = ({ options }: Server): boolean => options.some(({ words }) => words.includes("disabled"));

export const drainDetectionRules: readonly Rule[] = [
  {
    id: "drain-check-blind",
    severity: "error",
    title: "The health check cannot see that an instance leaves",
    impact:
      "A connection is accepted, and the liveness probe answers 200, until the very end: requests are sent there until they are refused, and an instance without its database stays in rotation.",
    condition: "The check of a balancer, and a readiness probe, ask a path that says 503 while draining: `/ready`",
    fix: "Let the check ask /ready.",
    example: {
      kind: "haproxy",
      broken: "backend api\n  mode http\n  option httpchk GET /alive\n  server app1 app1:4000 check\n",
      fixed: "backend api\n  mode http\n  option httpchk GET /ready\n  server app1 app1:4000 check\n",
    },
    find: ({ loadBalancers, apps }) => {
      const asked = [
        ...loadBalancers.flatMap(({ loadBalancer, apps: behind }) =>
          loadBalancer.checks.map((probe) => ({ probe, apps: behind })),
        ),
        // Compose sends nobody anywhere by what its health checks say.
        ...apps
          .filter(({ platform }) => platform !== "compose")
          .flatMap((app) =>
            app.probes.filter(({ purpose }) => purpose === "ready").map((probe) => ({ probe, apps: [app] })),
          ),
      ];
      return asked.flatMap(({ probe, apps: behind }): Violation[] => {
        const { path, isOpaque, at, name } = probe;
        if (isOpaque) return [];
        if (path === undefined) return [{ places: [at], message: `${name} opens a connection and asks nothing.` }];
        const root = path.text === "/";
        if (!root && !behind.some(({ settings }) => isLivenessPath(path.text, settings))) return [];
        const what = root ? "which is no probe of Haven's" : "which is 200 also while draining";
        return [
          { severity: root ? "warning" : "error", places: [path.at], message: `${name} asks ${path.text}, ${what}.` },
        ];
      });
    },
  },
  {
    id: "drain-not-checked",
    severity: "error",
    title: "HAProxy does not check a server",
    impact:
      "It goes on sending requests to an instance that drains, hangs or has lost its database: one request of as many as there are instances fails.",
    condition: "Each `server` of several has `check` (or `track`), on its line or in `default-server`",
    fix: "Write `default-server check inter 2s fastinter 500ms fall 2 rise 2`, and `option httpchk` with /ready.",
    example: {
      kind: "haproxy",
      broken: backend("server app1 app1:4000\n  server app2 app2:4000"),
      fixed: backend("server app1 app1:4000 check\n  server app2 app2:4000 check"),
    },
    find: ({ haproxy }) =>
      haproxy.flatMap(({ proxies }) =>
        proxies
          .filter(({ servers }) => servers.length > 1)
          .flatMap(({ section, servers }) =>
            servers
              .filter((server) => !isChecked(server) && !isDisabled(server))
              .map(
                ({ name, at }): Violation => ({
                  places: [at],
                  message: `The server ${name} of ${section.kind} ${section.name} has no check.`,
                }),
              ),
          ),
      ),
  },
];

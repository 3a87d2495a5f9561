import { isChecked, type Server } from "../../readers/haproxy/haproxy.ts";
import type { Rule, Violation } from "../../rule.ts";
import { backend } from "../example-files.ts";
import { namesText } from "../for-each.ts";
import { isLivenessPath } from "../probe-paths.ts";

/** A server that is `disabled` gets no requests until an operator enables it. */
const isDisabled = ({ options }: Server): boolean => options.some(({ words }) => words.includes("disabled"));

export const drainDetectionRules: readonly Rule[] = [
  {
    id: "drain-check-blind",
    severity: "error",
    title: "The health check cannot detect a drain",
    impact:
      "The instance accepts connections and answers its liveness probe with 200 until it stops: requests are sent to it until they are refused, and an instance without its database stays in rotation.",
    condition:
      "The health check of a load balancer, and a readiness probe, request a path that returns 503 during a drain: `/ready`",
    fix: "Change the path of the check to /ready.",
    example: {
      kind: "haproxy",
      broken: "backend api\n  mode http\n  option httpchk GET /alive\n  server app1 app1:4000 check\n",
      fixed: "backend api\n  mode http\n  option httpchk GET /ready\n  server app1 app1:4000 check\n",
    },
    find: ({ loadBalancers, apps }) => {
      const checks = [
        ...loadBalancers.flatMap(({ loadBalancer, apps: targetApps }) =>
          loadBalancer.checks.map((probe) => ({ probe, apps: targetApps })),
        ),
        // Compose does not use health checks to route requests.
        ...apps
          .filter(({ platform }) => platform !== "compose")
          .flatMap((app) =>
            app.probes.filter(({ purpose }) => purpose === "ready").map((probe) => ({ probe, apps: [app] })),
          ),
      ];
      return checks.flatMap(({ probe, apps: targetApps }): Violation[] => {
        const { path, hasUnknownRequest, at, name } = probe;
        if (hasUnknownRequest) return [];
        const haven = targetApps.filter(({ settings }) => settings.isHaven);
        // The protocol of another application is not known: its port may not speak HTTP.
        const confidence = haven.length > 0 ? "high" : "medium";
        if (path === undefined)
          return probe.requiresPath === false && haven.length === 0
            ? []
            : [{ places: [at], confidence, message: `${name} opens a connection and requests no path.` }];
        const isRootPath = path.text === "/" && haven.length > 0;
        if (!isRootPath && !targetApps.some(({ settings }) => isLivenessPath(path.text, settings))) return [];
        const reason = isRootPath ? "which is not a health endpoint of Haven" : "which also returns 200 during a drain";
        return [
          {
            severity: isRootPath ? "warning" : "error",
            confidence,
            places: [path.at],
            message: `${name} requests ${path.text}, ${reason}.`,
          },
        ];
      });
    },
  },
  {
    id: "drain-not-checked",
    severity: "error",
    title: "HAProxy does not check a server",
    impact:
      "HAProxy keeps sending requests to an instance that drains, hangs or has lost its database: with N instances, one in N requests fails.",
    condition:
      "In a section with several servers each `server` has `check` or `track`, on its line or in `default-server`",
    fix: "Add `default-server check inter 2s fastinter 500ms fall 2 rise 2`, and `option httpchk` with /ready.",
    example: {
      kind: "haproxy",
      broken: backend("server app1 app1:4000\n  server app2 app2:4000"),
      fixed: backend("server app1 app1:4000 check\n  server app2 app2:4000 check"),
    },
    find: ({ haproxy }) =>
      haproxy.flatMap(({ proxies }) =>
        proxies
          .filter(({ servers }) => servers.length > 1)
          .flatMap(({ section, servers }): Violation[] => {
            const unchecked = servers.filter((server) => !isChecked(server) && !isDisabled(server));
            if (unchecked.length === 0) return [];
            const names = namesText(unchecked.map(({ name }) => name));
            return [
              {
                places: unchecked.map(({ at }) => at),
                message: `${section.kind} ${section.name} does not check ${names}.`,
              },
            ];
          }),
      ),
  },
];

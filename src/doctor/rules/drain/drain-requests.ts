import { formatNumber } from "../../config-values.ts";
import { effectiveLine, effectiveOption, serverOption } from "../../readers/haproxy/haproxy.ts";
import { effectiveDirectives } from "../../readers/nginx/nginx-syntax.ts";
import type { Rule, Violation } from "../../rule.ts";
import { alb, backend, location } from "../example-files.ts";

export const drainRequestRules: readonly Rule[] = [
  {
    id: "drain-cut-sessions",
    severity: "error",
    title: "HAProxy cuts the requests of an instance that says it leaves",
    impact:
      "An instance that drains answers 503 to its checks, is marked down, and loses what it was just working on: measured, three of nine POSTs under way got 502 at each restart.",
    condition: "No `on-marked-down shutdown-sessions` where an instance announces its drain by its health check",
    fix: "Leave it out: what is under way is left to end, and a frozen instance is given up by `timeout server`.",
    example: {
      kind: "haproxy",
      broken: backend("server app1 app1:4000 check on-marked-down shutdown-sessions"),
      fixed: backend("server app1 app1:4000 check"),
    },
    find: ({ haproxy }) =>
      haproxy.flatMap(({ proxies }) =>
        proxies.flatMap(({ servers }) =>
          servers.flatMap((server): Violation[] => {
            const found = serverOption(server, "on-marked-down");
            if (found?.text !== "shutdown-sessions") return [];
            return [{ places: [found.at], message: `The server ${server.name} has on-marked-down shutdown-sessions.` }];
          }),
        ),
      ),
  },
  {
    id: "drain-no-second-try",
    severity: "error",
    title: "nginx gives up when an instance refuses a connection",
    impact:
      "nginx has no probes: it learns that an instance has closed its listener from a request that is refused. Unless it tries that one elsewhere, users get 502 at every restart.",
    condition:
      "`proxy_next_upstream` has `error` (it has, unless something else is written), and `proxy_next_upstream_tries` is not 1, wherever there is more than one server",
    fix: "Write `proxy_next_upstream error timeout;` and `proxy_next_upstream_tries 2;`.",
    example: {
      kind: "nginx",
      broken: location("proxy_next_upstream off;"),
      fixed: location("proxy_next_upstream error timeout;"),
    },
    find: ({ nginx }) =>
      nginx.flatMap(({ routes, root }) =>
        routes.flatMap(({ block, upstream, isProbe }): Violation[] => {
          if (isProbe || (upstream?.servers.length ?? 0) < 2) return [];
          const [when] = effectiveDirectives(block, root, "proxy_next_upstream") ?? [];
          const [attempts] = effectiveDirectives(block, root, "proxy_next_upstream_tries") ?? [];
          const found = when !== undefined && !when.args.includes("error") ? when : attempts;
          if (found === undefined || (found === attempts && attempts.args[0] !== "1")) return [];
          return [
            {
              places: [found.at],
              message: `${found.name} ${found.args.join(" ")}: a refused connection is not tried elsewhere.`,
            },
          ];
        }),
      ),
  },
  {
    id: "drain-no-redispatch",
    severity: "warning",
    title: "HAProxy tries a refused request at the same instance again",
    impact:
      "Between the closing of the listener and the next check every try goes to the instance that has gone: with a cookie, users get 503 at every restart.",
    condition:
      "`option redispatch` wherever `cookie` or `balance source` binds users to an instance, and there is more than one",
    fix: "Write `option redispatch 1`.",
    example: {
      kind: "haproxy",
      broken: backend(
        "cookie SRV insert indirect nocache\n  server app1 app1:4000 check cookie a\n  server app2 app2:4000 check cookie b",
      ),
      fixed: backend(
        "cookie SRV insert indirect nocache\n  option redispatch\n  server app1 app1:4000 check cookie a\n  server app2 app2:4000 check cookie b",
      ),
    },
    find: ({ haproxy }) =>
      haproxy.flatMap(({ proxies }) =>
        proxies.flatMap(({ section, servers }): Violation[] => {
          const balance = effectiveLine(section, "balance");
          const binding = effectiveLine(section, "cookie") ?? (balance?.words[1] === "source" ? balance : undefined);
          if (binding === undefined || servers.length < 2 || effectiveOption(section, "redispatch") !== undefined)
            return [];
          const by = binding === balance ? "their address" : "a cookie";
          return [
            {
              places: [binding.at],
              message: `${section.kind} ${section.name} binds users by ${by}, without option redispatch.`,
            },
          ];
        }),
      ),
  },
  {
    id: "release-shorter-than-request",
    severity: "error",
    title: "The front cuts requests that the application is still answering",
    impact:
      "When an instance leaves the balancer, or the proxy itself is reloaded, requests end in the middle although somebody was working on them.",
    condition:
      "ALB `deregistration_delay` (300 s unless written), nginx `worker_shutdown_timeout`, HAProxy `hard-stop-after` (both for ever unless written), Google's `drainingTimeoutSec` (0 s) ≥ `REQUEST_TIMEOUT_MS`",
    fix: "Raise it above REQUEST_TIMEOUT_MS.",
    example: {
      kind: "alb",
      alongside: { settings: "REQUEST_TIMEOUT_MS=15000\nDRAIN_DELAY_MS=70000\n" },
      broken: alb("", "", "{ Key: deregistration_delay.timeout_seconds, Value: 5 }"),
      fixed: alb("", "", "{ Key: deregistration_delay.timeout_seconds, Value: 30 }"),
    },
    find: ({ loadBalancers }) =>
      loadBalancers.flatMap(({ loadBalancer, apps }) =>
        apps.flatMap(({ settings }) => {
          const request = settings.number("REQUEST_TIMEOUT_MS");
          if (request === undefined) return [];
          return loadBalancer.drainTimeouts
            .filter((drainTimeout) => drainTimeout.value < request.value)
            .map(
              (drainTimeout): Violation => ({
                numbers: [drainTimeout, request],
                message: `${loadBalancer.name} lets requests finish for ${formatNumber(drainTimeout)}, and a request may take ${formatNumber(request)}.`,
                fix: `Set ${drainTimeout.name} to ${formatNumber(request)} or more.`,
              }),
            );
        }),
      ),
  },
];

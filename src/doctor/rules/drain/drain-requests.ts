import { type ConfigNumber, formatNumber } from "../../facts/config-values.ts";
import { effectiveLine, effectiveOption, serverOption } from "../../readers/haproxy/haproxy.ts";
import { effectiveDirectives } from "../../readers/nginx/nginx-syntax.ts";
import type { Rule, Violation } from "../../rule.ts";
import { alb, backend, location } from "../example-files.ts";

/** The minimum drain timeout if REQUEST_TIMEOUT_MS is unknown. In most applications, some requests take longer. */
const minDrainMs = 5000;

/** A default is not reported: only a number that a file sets has no `origin`. */
const isTooShort = ({ value, origin }: ConfigNumber): boolean => origin === undefined && value < minDrainMs;

const tooShortViolation =
  (name: string) =>
  (drainTimeout: ConfigNumber): Violation => ({
    severity: "warning",
    numbers: [drainTimeout],
    message: `${name} lets requests finish for ${formatNumber(drainTimeout)} only.`,
    fix: `Set ${drainTimeout.name} to the longest time that a request may take.`,
  });

export const drainRequestRules: readonly Rule[] = [
  {
    id: "drain-cut-sessions",
    severity: "error",
    title: "HAProxy closes the connections of a draining instance",
    impact:
      "A draining instance returns 503 to its checks, so HAProxy marks it down and cuts its requests in flight. Measured: three of nine POST requests in flight got 502 at each restart.",
    condition:
      "No `on-marked-down shutdown-sessions` in mode http where `option httpchk` lets instances announce a drain",
    fix: "Remove it. Requests in flight then finish, and `timeout server` ends the requests of a frozen instance.",
    example: {
      kind: "haproxy",
      broken: backend("server app1 app1:4000 check on-marked-down shutdown-sessions"),
      fixed: backend("server app1 app1:4000 check"),
    },
    find: ({ haproxy }) =>
      haproxy.flatMap(({ proxies }) =>
        proxies.flatMap(({ section, servers, isHttp }) =>
          servers.flatMap((server): Violation[] => {
            const found = serverOption(server, "on-marked-down");
            // For a database the option is correct: connections to a server that is down should be closed.
            if (found?.text !== "shutdown-sessions" || !isHttp || effectiveOption(section, "httpchk") === undefined)
              return [];
            return [{ places: [found.at], message: `The server ${server.name} has on-marked-down shutdown-sessions.` }];
          }),
        ),
      ),
  },
  {
    id: "drain-no-second-try",
    severity: "error",
    title: "nginx does not retry a refused connection on another server",
    impact:
      "nginx has no active health checks: it detects a closed listener by a refused request. Without a retry on another server users get 502 at every restart.",
    condition:
      "With more than one server, `proxy_next_upstream` contains `error` (it does by default), and `proxy_next_upstream_tries` is not 1",
    fix: "Set `proxy_next_upstream error timeout;` and `proxy_next_upstream_tries 2;`.",
    example: {
      kind: "nginx",
      broken: location("proxy_next_upstream off;"),
      fixed: location("proxy_next_upstream error timeout;"),
    },
    find: ({ nginx }) =>
      nginx.flatMap(({ routes, root }) =>
        routes.flatMap(({ block, upstream, isProbe }): Violation[] => {
          if (isProbe || (upstream?.servers.length ?? 0) < 2) return [];
          const [retryCondition] = effectiveDirectives(block, root, "proxy_next_upstream") ?? [];
          const [attempts] = effectiveDirectives(block, root, "proxy_next_upstream_tries") ?? [];
          const found =
            retryCondition !== undefined && !retryCondition.args.includes("error") ? retryCondition : attempts;
          if (found === undefined || (found === attempts && attempts.args[0] !== "1")) return [];
          return [
            {
              places: [found.at],
              message: `${found.name} ${found.args.join(" ")}: a refused connection is not retried on another server.`,
            },
          ];
        }),
      ),
  },
  {
    id: "drain-no-redispatch",
    severity: "warning",
    title: "HAProxy retries a refused request on the same instance",
    impact:
      "Between the closing of the listener and the next check, each retry goes to the stopped instance: users with a cookie for it get 503 at every restart.",
    condition:
      "`option redispatch` is set where `cookie` or `balance source` assigns users to one of several instances",
    fix: "Add `option redispatch 1`.",
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
        proxies.flatMap(({ section, servers, isHttp }): Violation[] => {
          if (!isHttp) return [];
          const balance = effectiveLine(section, "balance");
          const affinity = effectiveLine(section, "cookie") ?? (balance?.words[1] === "source" ? balance : undefined);
          if (affinity === undefined || servers.length < 2 || effectiveOption(section, "redispatch") !== undefined)
            return [];
          const assignedBy = affinity === balance ? "their address" : "a cookie";
          return [
            {
              places: [affinity.at],
              message: `${section.kind} ${section.name} assigns users to a server by ${assignedBy}, without option redispatch.`,
            },
          ];
        }),
      ),
  },
  {
    id: "release-shorter-than-request",
    severity: "error",
    title: "The load balancer cuts requests that are still in progress",
    impact:
      "When an instance is removed, or the proxy is reloaded, requests that the application is still working on are cut.",
    condition:
      "ALB `deregistration_delay` (default 300 s), nginx `worker_shutdown_timeout` and HAProxy `hard-stop-after` (both without limit by default), Google's `drainingTimeoutSec` (default 0 s) ≥ `REQUEST_TIMEOUT_MS`; if `REQUEST_TIMEOUT_MS` is unknown, a configured value below 5 s is a warning",
    fix: "Raise the value to REQUEST_TIMEOUT_MS or more.",
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
          if (request.assumed)
            return loadBalancer.drainTimeouts.filter(isTooShort).map(tooShortViolation(loadBalancer.name));
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

import { type ConfigNumber, formatNumber, ms } from "../../config-values.ts";
import type { Rule, Violation } from "../../rule.ts";
import { location } from "../example-files.ts";

/** What balancers and libraries wait for an answer unless told otherwise. */
const assumedClientTimeoutMs = 60_000;

export const retryTimeoutRules: readonly Rule[] = [
  {
    id: "deadline-tries-longer-than-total",
    severity: "error",
    title: "There is no time for the second try",
    impact:
      "An instance whose machine is gone does not refuse a connection, it says nothing: all the time that there is goes to the first try, and users get 504 although others could have answered.",
    condition:
      "nginx: `proxy_connect_timeout` (60 s unless written) · `proxy_next_upstream_tries` ≤ `proxy_next_upstream_timeout`; ingress-nginx the same by its annotations (5 s, 3 tries)",
    fix: "Lower proxy_connect_timeout: within a data centre 2 s are plenty.",
    example: {
      kind: "nginx",
      broken: location("proxy_connect_timeout 10s; proxy_next_upstream_tries 2; proxy_next_upstream_timeout 15s;"),
      fixed: location("proxy_connect_timeout 2s; proxy_next_upstream_tries 2; proxy_next_upstream_timeout 25s;"),
    },
    find: ({ loadBalancers }) =>
      loadBalancers.flatMap(({ loadBalancer }) =>
        loadBalancer.retryLimits.flatMap(({ connect, attempts, total }): Violation[] => {
          if (total === undefined || connect.value * attempts.value <= total.value) return [];
          const needed = ms("", connect.value * attempts.value, connect.at);
          return [
            {
              numbers: [connect, attempts, total],
              message: `${attempts.value} tries of ${formatNumber(connect)} are ${formatNumber(needed)}, and ${formatNumber(total)} are all there is.`,
            },
          ];
        }),
      ),
  },
  {
    id: "deadline-tries-longer-than-client",
    severity: "warning",
    title: "The proxy still looks for an instance when the client has gone",
    impact:
      "While a machine is gone, users wait for a minute and more and then get an error, and their connections pile up in the proxy.",
    condition:
      "nginx `proxy_next_upstream_timeout`, or without one `proxy_connect_timeout` (60 s unless written) · tries (all servers unless written); HAProxy `timeout connect` · (`retries` 3 + 1) < what the client waits: the idle timeout of an ALB in the same set-up, else 60 s. Without such an ALB only what is written is looked at",
    fix: "Write proxy_connect_timeout 2s, proxy_next_upstream_tries 2 and proxy_next_upstream_timeout 25s (HAProxy: timeout connect 2s, retries 2).",
    example: {
      kind: "nginx",
      broken: location("proxy_connect_timeout 30s;"),
      fixed: location("proxy_connect_timeout 2s;"),
    },
    find: ({ loadBalancers }) => {
      const balancer = loadBalancers.find(({ loadBalancer }) => loadBalancer.kind === "alb")?.loadBalancer
        .idleTimeouts[0];
      return loadBalancers.flatMap(({ loadBalancer }) =>
        loadBalancer.retryLimits.flatMap(({ connect, attempts, total }): Violation[] => {
          const waits: ConfigNumber =
            balancer ??
            ms(
              "what a client waits",
              assumedClientTimeoutMs,
              connect.at,
              "assumed: what balancers wait unless told otherwise",
            );
          const longest = total?.value ?? connect.value * attempts.value;
          const ours = total === undefined ? [connect, attempts] : [total];
          // Defaults against an assumption are nobody's mistake.
          const isWritten = balancer !== undefined || ours.some(({ origin }) => origin === undefined);
          if (longest < waits.value || !isWritten) return [];
          const numbers = [...ours, waits];
          const why =
            total === undefined
              ? `${attempts.value} tries of ${formatNumber(connect)}`
              : "tries at one server after the other";
          return [
            {
              numbers,
              message: `${loadBalancer.name}: ${why} take up to ${formatNumber(ms("", longest, connect.at))}, and the client waits ${formatNumber(waits)}.`,
            },
          ];
        }),
      );
    },
  },
];

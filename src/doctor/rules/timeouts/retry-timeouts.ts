import { type ConfigNumber, formatNumber, ms } from "../../facts/config-values.ts";
import type { Rule, Violation } from "../../rule.ts";
import { location } from "../example-files.ts";

/** The usual timeout of balancers and HTTP clients. */
const assumedClientTimeoutMs = 60_000;

export const retryTimeoutRules: readonly Rule[] = [
  {
    id: "deadline-tries-longer-than-total",
    severity: "error",
    title: "There is no time for a second attempt",
    impact:
      "A machine that is switched off does not refuse a connection. It does not respond at all: the first attempt uses all of the time, and users get 504 although another instance could have answered.",
    condition:
      "nginx: `proxy_connect_timeout` (default 60 s) · `proxy_next_upstream_tries` ≤ `proxy_next_upstream_timeout`; ingress-nginx: the same with its annotations (default 5 s and 3 attempts)",
    fix: "Lower proxy_connect_timeout: within a data centre 2 s are enough.",
    example: {
      kind: "nginx",
      broken: location("proxy_connect_timeout 10s; proxy_next_upstream_tries 2; proxy_next_upstream_timeout 15s;"),
      fixed: location("proxy_connect_timeout 2s; proxy_next_upstream_tries 2; proxy_next_upstream_timeout 25s;"),
    },
    find: ({ loadBalancers }) =>
      loadBalancers.flatMap(({ loadBalancer }) =>
        loadBalancer.retryLimits.flatMap(({ connectTimeout, attempts, totalTimeout }): Violation[] => {
          if (totalTimeout === undefined || connectTimeout.value * attempts.value <= totalTimeout.value) return [];
          const needed = ms("", connectTimeout.value * attempts.value, connectTimeout.at);
          return [
            {
              numbers: [connectTimeout, attempts, totalTimeout],
              message: `${attempts.value} attempts of ${formatNumber(connectTimeout)} take ${formatNumber(needed)}, and the total is limited to ${formatNumber(totalTimeout)}.`,
            },
          ];
        }),
      ),
  },
  {
    id: "deadline-tries-longer-than-client",
    severity: "warning",
    title: "The proxy retries for longer than the client waits",
    impact:
      "While a machine is switched off, users wait for a minute or more before they get an error, and connections pile up in the proxy.",
    condition:
      "nginx `proxy_next_upstream_timeout`, otherwise `proxy_connect_timeout` (default 60 s) · attempts (default: all servers); HAProxy `timeout connect` · (`retries`, default 3, + 1) < timeout of the client: the idle timeout of an ALB that is checked in the same run of the doctor, otherwise 60 s. Without an ALB only values that a file sets are judged",
    fix: "Set proxy_connect_timeout 2s, proxy_next_upstream_tries 2 and proxy_next_upstream_timeout 25s (HAProxy: timeout connect 2s, retries 2).",
    example: {
      kind: "nginx",
      broken: location("proxy_connect_timeout 30s;"),
      fixed: location("proxy_connect_timeout 2s;"),
    },
    find: ({ loadBalancers }) => {
      const balancer = loadBalancers.find(({ loadBalancer }) => loadBalancer.kind === "alb")?.loadBalancer
        .idleTimeouts[0];
      return loadBalancers.flatMap(({ loadBalancer }) =>
        loadBalancer.retryLimits.flatMap(({ connectTimeout, attempts, totalTimeout }): Violation[] => {
          const clientTimeout: ConfigNumber =
            balancer ??
            ms(
              "timeout of the client",
              assumedClientTimeoutMs,
              connectTimeout.at,
              "assumed: the usual default of balancers",
            );
          const longestMs = totalTimeout?.value ?? connectTimeout.value * attempts.value;
          const ownNumbers = totalTimeout === undefined ? [connectTimeout, attempts] : [totalTimeout];
          // If the user has set none of these numbers, there is nothing to report.
          const isWritten = balancer !== undefined || ownNumbers.some(({ origin }) => origin === undefined);
          if (longestMs < clientTimeout.value || !isWritten) return [];
          const numbers = [...ownNumbers, clientTimeout];
          const attemptsText =
            totalTimeout === undefined
              ? `${attempts.value} attempts of ${formatNumber(connectTimeout)}`
              : "attempts at one server after the other";
          return [
            {
              numbers,
              message: `${loadBalancer.name}: ${attemptsText} take up to ${formatNumber(ms("", longestMs, connectTimeout.at))}, and the client waits ${formatNumber(clientTimeout)}.`,
            },
          ];
        }),
      );
    },
  },
];

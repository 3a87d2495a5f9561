import { formatNumber, ms } from "../../facts/config-values.ts";
import type { Rule, Violation } from "../../rule.ts";

/** The time from the start of the process until Haven listens. */
const bootMs = 3000;

export const failTimeoutRules: readonly Rule[] = [
  {
    id: "budget-quarantine",
    severity: "warning",
    title: "nginx excludes a failed instance for longer than a restart takes",
    impact:
      "An instance that has restarted gets no requests yet. If all instances failed once, users get 502 until `fail_timeout` has passed, although all instances work again.",
    condition:
      "`fail_timeout` (default 10 s) ≤ the time of a restart: `DRAIN_LINGER_MS` + 3 s to start + 2 · `HEALTH_CHECK_INTERVAL` (together 10 s in production), and at least 10 s",
    fix: "Set max_fails=3 fail_timeout=5s.",
    example: {
      kind: "nginx",
      broken:
        "upstream api {\n  zone api 64k;\n  server app1:4000 max_fails=3 fail_timeout=30s;\n  server app2:4000 max_fails=3 fail_timeout=30s;\n}\n",
      fixed:
        "upstream api {\n  zone api 64k;\n  server app1:4000 max_fails=3 fail_timeout=5s;\n  server app2:4000 max_fails=3 fail_timeout=5s;\n}\n",
    },
    find: ({ loadBalancers }) =>
      loadBalancers.flatMap(({ loadBalancer, apps }) =>
        apps.flatMap(({ settings }) => {
          const linger = settings.number("DRAIN_LINGER_MS");
          const interval = settings.number("HEALTH_CHECK_INTERVAL");
          if (linger === undefined || interval === undefined) return [];
          // Outside production, DRAIN_LINGER_MS is 0 by default. The restart time of production, 10 s, is the minimum.
          const restartMs = Math.max(10_000, linger.value + bootMs + 2 * interval.value);
          return loadBalancer.failTimeouts
            .filter(({ value }) => value > restartMs)
            .map(
              (failTimeout): Violation => ({
                numbers: [failTimeout, linger, interval],
                message: `A failed instance is excluded for ${formatNumber(failTimeout)}; a restart takes about ${formatNumber(ms("", restartMs, failTimeout.at))}.`,
              }),
            );
        }),
      ),
  },
];

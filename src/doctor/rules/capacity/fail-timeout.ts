import { formatNumber, ms } from "../../config-values.ts";
import type { Rule, Violation } from "../../rule.ts";

/** A process of Haven from its start to listening. */
const bootMs = 3000;

export const failTimeoutRules: readonly Rule[] = [
  {
    id: "budget-quarantine",
    severity: "warning",
    title: "nginx leaves an instance out for longer than its restart takes",
    impact:
      "An instance that is back gets no requests; when a fault went through all of them, users get 502 for all of that time although everything is well again.",
    condition:
      "`fail_timeout` (10 s unless written) ≤ restart time: `DRAIN_LINGER_MS` + 3 s to boot + 2 · `HEALTH_CHECK_INTERVAL`, which is 10 s in production",
    fix: "Write max_fails=3 fail_timeout=5s.",
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
          // Where nobody waits for a restart (no linger) the usual one is the measure.
          const restart = Math.max(10_000, linger.value + bootMs + 2 * interval.value);
          return loadBalancer.failTimeouts
            .filter(({ value }) => value > restart)
            .map(
              (failTimeout): Violation => ({
                numbers: [failTimeout, linger, interval],
                message: `An instance that failed is left out for ${formatNumber(failTimeout)}; a restart takes about ${formatNumber(ms("", restart, failTimeout.at))}.`,
              }),
            );
        }),
      ),
  },
];

import { formatNumber, ms } from "../../config-values.ts";
import type { Rule, Violation } from "../../rule.ts";
import { backend, pod } from "../example-files.ts";

/** Endpoints take 5 to 15 s to get around: less than the least of it never is enough, and twice that hardly ever is not. */
const propagation = { min: 5000, usual: 10_000 };

export const drainDelayRules: readonly Rule[] = [
  {
    id: "drain-shorter-than-notice",
    severity: "error",
    title: "An instance is gone before the balancer notices that it leaves",
    impact:
      "For the rest of that time the balancer sends requests to an instance that no longer takes any: at every release users get 502 or 503.",
    condition:
      "`DRAIN_DELAY_MS` ≥ HAProxy: inter + (fall − 1) · fastinter + fall · timeout check (2 s, 3, as inter, as inter unless written); ALB: interval · unhealthy threshold + timeout (30 s, 2, 5 s unless written)",
    fix: "Raise DRAIN_DELAY_MS, or let the balancer ask more often.",
    example: {
      kind: "haproxy",
      alongside: { settings: "DRAIN_DELAY_MS=8000\n" },
      broken: backend("timeout check 2s\n  server app1 app1:4000 check inter 10s fall 3"),
      fixed: backend("timeout check 1s\n  server app1 app1:4000 check inter 2s fastinter 500ms fall 2"),
    },
    find: ({ loadBalancers }) =>
      loadBalancers.flatMap(({ loadBalancer, apps }) =>
        apps.flatMap(({ settings }) => {
          const delay = settings.number("DRAIN_DELAY_MS");
          if (delay === undefined) return [];
          return loadBalancer.failureDetections
            .filter(({ durationMs }) => delay.value < durationMs)
            .map(
              ({ formula, durationMs, numbers, severity }): Violation => ({
                severity,
                numbers: [...numbers, delay],
                message: `${loadBalancer.name} notices after ${formatNumber(ms("", durationMs, loadBalancer.at))} (${formula}); the application serves for ${formatNumber(delay)} only.`,
                fix: `Set DRAIN_DELAY_MS=${Math.ceil(durationMs / 1000) * 1000} or more, or let ${loadBalancer.name} ask more often.`,
              }),
            );
        }),
      ),
  },
  {
    id: "drain-shorter-than-endpoints",
    severity: "error",
    title: "A pod is gone before the cluster has stopped sending to it",
    impact:
      "Proxies and nodes learn of a pod that leaves some seconds late, and until then they send it requests: at every release users get 502 or a connection that is refused.",
    condition:
      "preStop + `DRAIN_DELAY_MS` ≥ 10 s, for endpoints take 5 to 15 s to get around; below 5 s it is an error, below 10 s a warning",
    fix: "Set DRAIN_DELAY_MS=15000 (and keep terminationGracePeriodSeconds in step).",
    example: {
      kind: "kubernetes",
      broken: pod("env: [{ name: DRAIN_DELAY_MS, value: '0' }]"),
      fixed: pod("env: [{ name: DRAIN_DELAY_MS, value: '15000' }]"),
    },
    find: ({ apps }) =>
      apps
        .filter(({ platform }) => platform === "kubernetes")
        .flatMap(({ name, settings, preStop }): Violation[] => {
          const delay = settings.number("DRAIN_DELAY_MS");
          if (delay === undefined) return [];
          if (preStop === "unknown") return [];
          const sum = delay.value + (preStop?.value ?? 0);
          if (sum >= propagation.usual) return [];
          return [
            {
              severity: sum < propagation.min ? "error" : "warning",
              numbers: preStop === undefined ? [delay] : [preStop, delay],
              message: `${name}: preStop ${formatNumber(preStop ?? ms("", 0, delay.at))} + DRAIN_DELAY_MS ${formatNumber(delay)} = ${formatNumber(ms("", sum, delay.at))}, and endpoints take 5 to 15 s.`,
            },
          ];
        }),
  },
];

import { formatNumber, ms } from "../../facts/config-values.ts";
import type { Rule, Violation } from "../../rule.ts";
import { backend, pod } from "../example-files.ts";

/**
 * Removing an endpoint takes 5 to 15 s. A delay below `min` is too short. A delay of `usual` is nearly always enough.
 */
const propagationMs = { min: 5000, usual: 10_000 };

export const drainDelayRules: readonly Rule[] = [
  {
    id: "drain-shorter-than-notice",
    severity: "error",
    title: "The instance stops before the load balancer detects the drain",
    impact:
      "Until the load balancer detects the drain, it sends requests to an instance that no longer accepts connections: users get 502 or 503 at every release.",
    condition:
      "`DRAIN_DELAY_MS` ≥ detection time. HAProxy with an HTTP check: inter + (fall − 1) · fastinter (defaults: inter 2 s, fall 3, fastinter same as inter). ALB without ECS and without an Auto Scaling group, which deregister an instance before they stop it: interval · unhealthy threshold + timeout (defaults: 30 s, 2, 5 s)",
    fix: "Raise DRAIN_DELAY_MS, or let the load balancer check more often.",
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
                message: `${loadBalancer.name} detects a drain after ${formatNumber(ms("", durationMs, loadBalancer.at))} (${formula}); the application keeps serving for only ${formatNumber(delay)}.`,
                fix: `Set DRAIN_DELAY_MS=${Math.ceil(durationMs / 1000) * 1000} or more, or let ${loadBalancer.name} check more often.`,
              }),
            );
        }),
      ),
  },
  {
    id: "drain-shorter-than-endpoints",
    severity: "error",
    title: "The pod stops before Kubernetes has stopped sending requests to it",
    impact:
      "Kubernetes informs proxies and nodes some seconds late that a pod terminates. Until then they send requests to it: users get 502 or a refused connection at every release.",
    condition:
      "preStop + `DRAIN_DELAY_MS` ≥ 10 s, because endpoint changes take 5 to 15 s to reach all nodes. Below 5 s it is an error, below 10 s a warning",
    fix: "Set DRAIN_DELAY_MS=15000, and raise terminationGracePeriodSeconds with it.",
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
          if (sum >= propagationMs.usual) return [];
          return [
            {
              severity: sum < propagationMs.min ? "error" : "warning",
              numbers: preStop === undefined ? [delay] : [preStop, delay],
              message: `${name}: preStop ${formatNumber(preStop ?? ms("", 0, delay.at))} + DRAIN_DELAY_MS ${formatNumber(delay)} = ${formatNumber(ms("", sum, delay.at))}, and endpoint changes take 5 to 15 s.`,
            },
          ];
        }),
  },
];

import type { App, Probe } from "../../facts/app.ts";
import { formatNumber } from "../../facts/config-values.ts";
import type { Deployment } from "../../facts/deployment.ts";
import type { Rule, Violation } from "../../rule.ts";
import { pod } from "../example-files.ts";
import { isLivenessPath } from "../probe-paths.ts";

/**
 * Returns the probes that wait for the checks of dependencies. HAProxy's checks are left out: their timeout only decides
 * how fast HAProxy detects a drain.
 */
function dependencyProbes({ apps, loadBalancers }: Deployment): { probe: Probe; app: App }[] {
  const appProbes = apps.flatMap((app) => app.probes.map((probe) => ({ probe, app })));
  const balancerProbes = loadBalancers
    .filter(({ loadBalancer }) => loadBalancer.kind === "alb" || loadBalancer.kind === "gcp")
    .flatMap(({ loadBalancer, apps: targetApps }) =>
      loadBalancer.checks.flatMap((probe) => targetApps.map((app) => ({ probe, app }))),
    );
  return [...appProbes, ...balancerProbes].filter(({ probe: { purpose, path, hasUnknownRequest }, app }) => {
    return purpose !== "live" && !hasUnknownRequest && path !== undefined && !isLivenessPath(path.text, app.settings);
  });
}

export const probeTimeoutRules: readonly Rule[] = [
  {
    id: "deadline-check-longer-than-probe",
    severity: "error",
    title: "The probe times out before the health check behind it",
    impact:
      "One slow dependency makes every instance look dead at once, and the probe does not show which check was slow: the whole service leaves the rotation.",
    condition:
      "`HEALTH_CHECK_TIMEOUT` < timeout of the probe: `timeoutSeconds` (default 1 s), ALB `HealthCheckTimeoutSeconds` (5 s), Google's `timeoutSec` (5 s), Compose `timeout` (30 s)",
    fix: "Raise the timeout of the probe above HEALTH_CHECK_TIMEOUT, or lower HEALTH_CHECK_TIMEOUT.",
    example: {
      kind: "kubernetes",
      alongside: { settings: "HEALTH_CHECK_TIMEOUT=2000\n" },
      broken: pod("readinessProbe: { httpGet: { path: /ready, port: 4000 }, timeoutSeconds: 1 }"),
      fixed: pod("readinessProbe: { httpGet: { path: /ready, port: 4000 }, timeoutSeconds: 3 }"),
    },
    find: (deployment) =>
      dependencyProbes(deployment).flatMap(({ probe: { name, timeout }, app }): Violation[] => {
        const check = app.settings.number("HEALTH_CHECK_TIMEOUT");
        if (check === undefined || timeout === undefined || check.value < timeout.value) return [];
        return [
          {
            numbers: [timeout, check],
            message: `${name} times out after ${formatNumber(timeout)}, and a check may take ${formatNumber(check)}.`,
            fix: `Set ${timeout.name} above ${formatNumber(check)}, or HEALTH_CHECK_TIMEOUT below ${formatNumber(timeout)}.`,
          },
        ];
      }),
  },
  {
    id: "deadline-probe-longer-than-interval",
    severity: "warning",
    title: "The timeout of a probe is not shorter than its interval",
    impact:
      "An instance in trouble gets one probe after the other, without a pause, and its removal takes longer than the thresholds suggest.",
    condition:
      "timeout of the probe < its interval. Defaults: Kubernetes 1 s and 10 s, ALB 5 s and 30 s, Google Cloud 5 s and 5 s, which may be equal. HAProxy and Compose wait for the response to one check before the interval of the next one starts",
    fix: "Lower the timeout, or raise the interval.",
    example: {
      kind: "kubernetes",
      broken: pod("livenessProbe: { httpGet: { path: /alive, port: 4000 }, timeoutSeconds: 10, periodSeconds: 5 }"),
      fixed: pod("livenessProbe: { httpGet: { path: /alive, port: 4000 }, timeoutSeconds: 3, periodSeconds: 5 }"),
    },
    find: ({ apps, loadBalancers }) =>
      [
        ...apps.flatMap(({ probes }) => probes),
        ...loadBalancers.flatMap(({ loadBalancer }) => loadBalancer.checks),
      ].flatMap(({ name, timeout, interval, waitsForAnswer = false, timeoutMayEqualInterval = false }): Violation[] => {
        if (waitsForAnswer || timeout === undefined || interval === undefined) return [];
        if (timeoutMayEqualInterval ? timeout.value <= interval.value : timeout.value < interval.value) return [];
        // If both numbers are defaults, the user has set nothing wrong.
        if (timeout.origin !== undefined && interval.origin !== undefined) return [];
        const message = `${name}: a timeout of ${formatNumber(timeout)} must be shorter than the interval of ${formatNumber(interval)}.`;
        return [{ numbers: [timeout, interval], message }];
      }),
  },
];

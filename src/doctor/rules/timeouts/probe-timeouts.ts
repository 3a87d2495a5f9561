import { formatNumber } from "../../config-values.ts";
import type { Deployment } from "../../deployment.ts";
import type { App, Probe } from "../../facts.ts";
import type { Rule, Violation } from "../../rule.ts";
import { pod } from "../example-files.ts";
import { isLivenessPath } from "../probe-paths.ts";

/** Probers that wait for an answer about dependencies. HAProxy's short check is about how soon it notices, see `drain-`. */
function aboutDependencies({ apps, loadBalancers }: Deployment): { probe: Probe; app: App }[] {
  const own = apps.flatMap((app) => app.probes.map((probe) => ({ probe, app })));
  const balancers = loadBalancers
    .filter(({ loadBalancer }) => loadBalancer.kind === "alb" || loadBalancer.kind === "gcp")
    .flatMap(({ loadBalancer, apps: behind }) =>
      loadBalancer.checks.flatMap((probe) => behind.map((app) => ({ probe, app }))),
    );
  return [...own, ...balancers].filter(({ probe: { purpose, path, isOpaque }, app }) => {
    return purpose !== "live" && !isOpaque && path !== undefined && !isLivenessPath(path.text, app.settings);
  });
}

export const probeTimeoutRules: readonly Rule[] = [
  {
    id: "deadline-check-longer-than-probe",
    severity: "error",
    title: "The probe gives up before the check behind it does",
    impact:
      "A dependency that is merely slow makes every instance look dead at once, and nobody learns which check it was: the whole service leaves the rotation.",
    condition:
      "`HEALTH_CHECK_TIMEOUT` < time limit of whoever asks: `timeoutSeconds` (1 s unless written), ALB `HealthCheckTimeoutSeconds` (5 s), Google's `timeoutSec` (5 s), Compose `timeout` (30 s)",
    fix: "Raise the prober's time limit above HEALTH_CHECK_TIMEOUT, or lower that.",
    example: {
      kind: "kubernetes",
      alongside: { settings: "HEALTH_CHECK_TIMEOUT=2000\n" },
      broken: pod("readinessProbe: { httpGet: { path: /ready, port: 4000 }, timeoutSeconds: 1 }"),
      fixed: pod("readinessProbe: { httpGet: { path: /ready, port: 4000 }, timeoutSeconds: 3 }"),
    },
    find: (deployment) =>
      aboutDependencies(deployment).flatMap(({ probe: { name, timeout }, app }): Violation[] => {
        const check = app.settings.number("HEALTH_CHECK_TIMEOUT");
        if (check === undefined || timeout === undefined || check.value < timeout.value) return [];
        return [
          {
            numbers: [timeout, check],
            message: `${name} gives up after ${formatNumber(timeout)}, and a check may take ${formatNumber(check)}.`,
            fix: `Set ${timeout.name} above ${formatNumber(check)}, or HEALTH_CHECK_TIMEOUT below ${formatNumber(timeout)}.`,
          },
        ];
      }),
  },
  {
    id: "deadline-probe-longer-than-interval",
    severity: "warning",
    title: "A probe may take as long as the time between two of them",
    impact:
      "Probes of an instance in trouble follow each other without a pause, so it is asked most when it can answer least, and the time until it is out is longer than the thresholds say.",
    condition:
      "time limit of the probe < its interval: Kubernetes 1 s and 10 s unless written, ALB 5 s and 30 s, Compose 30 s and 30 s, HAProxy `timeout check` and `inter` 2 s; in these two they may be equal, for the next check waits for the answer to the last",
    fix: "Lower the time limit, or raise the interval.",
    example: {
      kind: "kubernetes",
      broken: pod("livenessProbe: { httpGet: { path: /alive, port: 4000 }, timeoutSeconds: 10, periodSeconds: 5 }"),
      fixed: pod("livenessProbe: { httpGet: { path: /alive, port: 4000 }, timeoutSeconds: 3, periodSeconds: 5 }"),
    },
    find: ({ apps, loadBalancers }) =>
      [
        ...apps.flatMap(({ probes }) => probes),
        ...loadBalancers.flatMap(({ loadBalancer }) => loadBalancer.checks),
      ].flatMap(({ name, timeout, interval, waitsForAnswer = false }): Violation[] => {
        if (timeout === undefined || interval === undefined || timeout.value < interval.value) return [];
        if (waitsForAnswer && timeout.value === interval.value) return [];
        // Two defaults, or one that follows the other, are nobody's mistake.
        if (timeout.origin !== undefined && (interval.origin !== undefined || timeout.origin.includes("as inter")))
          return [];
        const message = `${name}: a time limit of ${formatNumber(timeout)} would have to be shorter than the interval of ${formatNumber(interval)}.`;
        return [{ numbers: [timeout, interval], message }];
      }),
  },
];

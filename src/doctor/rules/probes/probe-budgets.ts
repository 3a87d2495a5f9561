import type { Probe } from "../../facts/app.ts";
import { formatNumber, ms } from "../../facts/config-values.ts";
import type { Rule, Violation } from "../../rule.ts";
import { pod, ready } from "../example-files.ts";
import { eachPod } from "../for-each.ts";

/** Pauses of this length are usual: a long garbage collection, a CPU quota, a node under load. */
const usualPauseMs = 10_000;
/** On a busy node and with a cold cache, few servers start in less time. */
const usualStartMs = 30_000;

/** Returns the time from the first failed probe to the restart. */
function restartDelayMs({ interval, failures, timeout }: Probe): number | undefined {
  if (interval === undefined || failures === undefined || timeout === undefined) return undefined;
  return (failures.value - 1) * interval.value + timeout.value;
}

const example = (probe: string) => pod(`${ready}\n          ${probe}`, "terminationGracePeriodSeconds: 60");

export const probeBudgetRules: readonly Rule[] = [
  {
    id: "deadline-liveness-too-short",
    severity: "warning",
    title: "The liveness probe restarts a pod after a short pause",
    impact: "A node under load, a long garbage collection or a CPU limit restarts pods, which adds to the load.",
    condition:
      "(`failureThreshold` − 1) · `periodSeconds` + `timeoutSeconds` of the liveness probe ≥ 10 s, where a file sets one of them",
    fix: "Set periodSeconds: 10, failureThreshold: 3 and timeoutSeconds: 5.",
    example: {
      kind: "kubernetes",
      broken: example(
        "livenessProbe: { httpGet: { path: /alive, port: 4000 }, initialDelaySeconds: 30, failureThreshold: 1 }",
      ),
      fixed: example(
        "livenessProbe: { httpGet: { path: /alive, port: 4000 }, initialDelaySeconds: 30, failureThreshold: 3 }",
      ),
    },
    find: eachPod(({ name, probes }) =>
      probes.flatMap((probe): Violation[] => {
        const { purpose, interval, failures, timeout, at } = probe;
        const pauseMs = restartDelayMs(probe);
        if (purpose !== "live" || pauseMs === undefined || pauseMs >= usualPauseMs) return [];
        const numbers = [failures, interval, timeout].filter((one) => one !== undefined);
        if (numbers.every(({ origin }) => origin !== undefined)) return [];
        return [
          {
            numbers,
            message: `${name}: a pod that does not respond for ${formatNumber(ms("", pauseMs, at))} is restarted.`,
          },
        ];
      }),
    ),
  },
  {
    id: "deadline-start-too-short",
    severity: "warning",
    title: "The startup probe leaves little time for the start",
    impact:
      "On a busy node, with a cold cache or during a migration the start takes longer: the pod is restarted again and again.",
    condition: "`initialDelaySeconds` + `failureThreshold` · `periodSeconds` of the startup probe ≥ 30 s",
    fix: "Raise failureThreshold of the startup probe: a fast start ends it early.",
    example: {
      kind: "kubernetes",
      broken: example(
        "startupProbe: { httpGet: { path: /startup, port: 4000 }, timeoutSeconds: 3, periodSeconds: 5, failureThreshold: 3 }",
      ),
      fixed: example(
        "startupProbe: { httpGet: { path: /startup, port: 4000 }, timeoutSeconds: 3, periodSeconds: 5, failureThreshold: 30 }",
      ),
    },
    find: eachPod(({ name, probes }) =>
      probes.flatMap(({ purpose, initialDelay, interval, failures, at }): Violation[] => {
        if (purpose !== "startup" || initialDelay === undefined || interval === undefined || failures === undefined)
          return [];
        const allowedMs = initialDelay.value + failures.value * interval.value;
        if (allowedMs >= usualStartMs) return [];
        return [
          {
            numbers: [failures, interval, initialDelay],
            message: `${name}: the pod is restarted if it does not respond ${formatNumber(ms("", allowedMs, at))} after its start.`,
          },
        ];
      }),
    ),
  },
];

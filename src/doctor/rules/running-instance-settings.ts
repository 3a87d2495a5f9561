import type { Settings } from "../facts/app.ts";
import { formatNumber, ms, size } from "../facts/config-values.ts";
import type { RunningInstance } from "../readers/running-instance.ts";
import type { Rule, Violation } from "../rule.ts";

// Compares a running instance (`--live URL`) with the settings that it should have.

type LiveCheck = (live: RunningInstance, settings: Settings) => readonly Violation[];

const withRunningInstance =
  (check: LiveCheck): Rule["find"] =>
  ({ live, apps }) =>
    live === undefined ? [] : apps.flatMap(({ settings }) => check(live, settings));

type ReportFields = {
  status?: string;
  keepAliveSeconds?: number;
  latencyMs?: number;
  critical?: string[];
  heapMiB?: number;
};

/** Returns a health report for the examples. */
const sampleReport = ({
  status = "healthy",
  keepAliveSeconds = 75,
  latencyMs = 2,
  critical = ["postgres"],
  heapMiB = 384,
}: ReportFields): string =>
  JSON.stringify(
    {
      status,
      phase: "ready",
      version: "0.1.0",
      instance: "api-1",
      checks: Object.fromEntries(
        ["postgres", "redis"].map((name) => [
          name,
          { status: "up", critical: critical.includes(name), latencyMs, reason: null },
        ]),
      ),
      system: { memory: { heapLimitBytes: heapMiB * 1024 ** 2, limitBytes: 512 * 1024 ** 2 } },
      keepAliveSeconds,
    },
    null,
    2,
  );

const example = (broken: ReportFields): Rule["example"] => ({
  kind: "live",
  broken: `${sampleReport(broken)}\n`,
  fixed: `${sampleReport({})}\n`,
});

export const runningInstanceRules: readonly Rule[] = [
  {
    id: "keep-alive-differs-live",
    severity: "warning",
    title: "The keep-alive of the running instance differs from its settings",
    impact:
      "The instance runs with other settings, or a proxy answered: the findings do not describe what users reach.",
    condition: "`Keep-Alive: timeout=` of the response = `KEEP_ALIVE_TIMEOUT_MS`",
    fix: "Use the address of the instance itself, and restart it with these settings.",
    example: example({ keepAliveSeconds: 5 }),
    find: withRunningInstance((live, settings) => {
      const expected = settings.number("KEEP_ALIVE_TIMEOUT_MS");
      const actual = live.keepAliveSeconds;
      if (expected === undefined || actual === undefined || Math.abs(actual - expected.value / 1000) <= 1) return [];
      const keepAlive = ms("Keep-Alive: timeout", actual * 1000, live.at);
      return [
        {
          numbers: [keepAlive, expected],
          message: `The response has ${formatNumber(keepAlive)}, and the setting is ${formatNumber(expected)}.`,
        },
      ];
    }),
  },
  {
    id: "deadline-check-slow-live",
    severity: "warning",
    title: "A check takes more than half of its timeout",
    impact:
      "With a little more load the check fails although the dependency works, and all instances may become unready together.",
    condition: "latency of each check ≤ `HEALTH_CHECK_TIMEOUT` / 2",
    fix: "Find out why the dependency is slow, or raise HEALTH_CHECK_TIMEOUT and the probe timeouts with it.",
    example: example({ latencyMs: 1500 }),
    find: withRunningInstance((live, settings) => {
      const limit = settings.number("HEALTH_CHECK_TIMEOUT");
      if (limit === undefined) return [];
      return Object.entries(live.checks)
        .filter(([, { latencyMs }]) => (latencyMs ?? 0) > limit.value / 2)
        .map(
          ([name, { latencyMs }]): Violation => ({
            numbers: [ms(`latency of ${name}`, latencyMs ?? 0, live.at), limit],
            message: `The check ${name} of ${live.instance} is close to its timeout.`,
          }),
        );
    }),
  },
  {
    id: "budget-heap-live",
    severity: "error",
    title: "The heap may grow beyond the memory limit",
    impact: "Before the heap is full the kernel kills the process, without a log line and with all requests in flight.",
    condition:
      "V8's heap limit, which includes new objects in addition to --max-old-space-size, ≤ 90 % of the memory limit of the running process",
    fix: "Set NODE_OPTIONS=--max-old-space-size to 75 % of the limit.",
    example: example({ heapMiB: 512 }),
    find: withRunningInstance(({ system: { memory }, at, instance }) => {
      const { heapLimitBytes, limitBytes } = memory;
      if (limitBytes === null || heapLimitBytes <= limitBytes * 0.9) return [];
      return [
        {
          numbers: [size("heap limit", heapLimitBytes, at), size("memory limit", limitBytes, at)],
          message: `The heap of ${instance} may use all memory of its process.`,
        },
      ];
    }),
  },
  {
    id: "trap-live-unhealthy",
    severity: "error",
    title: "The running instance is unhealthy",
    impact: "The instance serves no requests, or serves them with reduced features.",
    condition: "`/health/detailed` reports healthy; degraded is a warning",
    fix: "Read the checks in /health/detailed, and see docs/runbook.md.",
    example: example({ status: "unhealthy" }),
    find: withRunningInstance(({ status, phase, at, instance, checks }) => {
      if (status === "healthy") return [];
      const failing = Object.entries(checks).filter(([, check]) => check.status !== "up");
      const failingChecks = failing
        .map(([name, check]) => `${name} ${check.status}${check.reason === null ? "" : ` (${check.reason})`}`)
        .join(", ");
      const severity = status === "degraded" ? "warning" : "error";
      return [
        {
          severity,
          places: [at],
          message: `${instance} is ${status}, in the phase ${phase}${failingChecks === "" ? "" : `: ${failingChecks}`}.`,
        },
      ];
    }),
  },
  {
    id: "trap-live-other-checks",
    severity: "warning",
    title: "The running instance requires other checks than its settings name",
    impact:
      "The instance leaves the rotation for another reason than configured, or stays in rotation without a required dependency.",
    condition: "critical checks = `READY_REQUIRES` (default postgres)",
    fix: "Restart it with these settings.",
    example: example({ critical: ["redis"] }),
    find: withRunningInstance(({ checks, at, instance }, settings) => {
      const written = settings.text("READY_REQUIRES");
      const expected = (written?.text ?? "postgres")
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== "")
        .sort();
      // The schema check is left out: until its first run, the instance does not report it as critical.
      const actual = Object.entries(checks)
        .filter(([name, check]) => check.critical && name !== "schema")
        .map(([name]) => name)
        .sort();
      if (expected.filter((name) => name !== "schema").join() === actual.join()) return [];
      return [
        {
          places: [at, ...(written === undefined ? [] : [written.at])],
          message: `${instance} requires ${actual.join(", ") || "nothing"}; READY_REQUIRES is ${expected.join(", ")}.`,
        },
      ];
    }),
  },
];

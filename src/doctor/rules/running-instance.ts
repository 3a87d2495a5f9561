import { formatNumber, ms, size } from "../config-values.ts";
import type { Settings } from "../facts.ts";
import type { RunningInstance } from "../readers/running-instance.ts";
import type { Rule, Violation } from "../rule.ts";

// A running instance (`--live URL`), against the settings that it should have.

type LiveCheck = (live: RunningInstance, settings: Settings) => readonly Violation[];

const running =
  (look: LiveCheck): Rule["find"] =>
  ({ live, apps }) =>
    live === undefined ? [] : apps.flatMap(({ settings }) => look(live, settings));

type AnswerFields = {
  status?: string;
  keepAliveSeconds?: number;
  latencyMs?: number;
  critical?: string[];
  heap?: number;
};

/** What an instance could answer, for the examples. */
const answer = ({
  status = "healthy",
  keepAliveSeconds = 75,
  latencyMs = 2,
  critical = ["postgres"],
  heap = 384,
}: AnswerFields): string =>
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
      system: { memory: { heapLimitBytes: heap * 1024 ** 2, limitBytes: 512 * 1024 ** 2 } },
      keepAliveSeconds,
    },
    null,
    2,
  );

const example = (broken: AnswerFields): Rule["example"] => ({
  kind: "live",
  broken: `${answer(broken)}\n`,
  fixed: `${answer({})}\n`,
});

export const runningInstanceRules: readonly Rule[] = [
  {
    id: "keep-alive-differs-live",
    severity: "warning",
    title: "The running instance keeps connections for another time than its settings say",
    impact:
      "Either it runs with other settings than these, or something in between answered: what was judged is not what users meet.",
    condition: "`Keep-Alive: timeout=` of the answer = `KEEP_ALIVE_TIMEOUT_MS`",
    fix: "Ask the instance itself, and restart it with these settings.",
    example: example({ keepAliveSeconds: 5 }),
    find: running((live, settings) => {
      const wanted = settings.number("KEEP_ALIVE_TIMEOUT_MS");
      const seen = live.keepAliveSeconds;
      if (wanted === undefined || seen === undefined || Math.abs(seen - wanted.value / 1000) <= 1) return [];
      const configNumber = ms("Keep-Alive: timeout", seen * 1000, live.at);
      return [
        {
          numbers: [configNumber, wanted],
          message: `It answers with ${formatNumber(configNumber)}, and ${formatNumber(wanted)} are set.`,
        },
      ];
    }),
  },
  {
    id: "deadline-check-slow-live",
    severity: "warning",
    title: "A check takes more than half of its time limit",
    impact:
      "A little more load, and the check fails although the dependency works: all instances leave the rotation together.",
    condition: "latency of each check ≤ `HEALTH_CHECK_TIMEOUT` / 2",
    fix: "Find out why the dependency is slow, or raise HEALTH_CHECK_TIMEOUT (and what probes it).",
    example: example({ latencyMs: 1500 }),
    find: running((live, settings) => {
      const limit = settings.number("HEALTH_CHECK_TIMEOUT");
      if (limit === undefined) return [];
      return Object.entries(live.checks)
        .filter(([, { latencyMs }]) => (latencyMs ?? 0) > limit.value / 2)
        .map(
          ([name, { latencyMs }]): Violation => ({
            numbers: [ms(`latency of ${name}`, latencyMs ?? 0, live.at), limit],
            message: `The check ${name} of ${live.instance} is near its limit.`,
          }),
        );
    }),
  },
  {
    id: "budget-heap-live",
    severity: "error",
    title: "The heap may grow beyond the memory that there is",
    impact: "Before the heap is full the system kills the process without a word, with all requests on it.",
    condition:
      "V8's heap limit, which counts new objects on top of --max-old-space-size, ≤ 90 % of the memory limit of the running process",
    fix: "Set NODE_OPTIONS=--max-old-space-size to 75 % of the limit.",
    example: example({ heap: 512 }),
    find: running(({ system: { memory }, at, instance }) => {
      const { heapLimitBytes, limitBytes } = memory;
      if (limitBytes === null || heapLimitBytes <= limitBytes * 0.9) return [];
      return [
        {
          numbers: [size("heap limit", heapLimitBytes, at), size("memory limit", limitBytes, at)],
          message: `The heap of ${instance} may take all the memory of its process.`,
        },
      ];
    }),
  },
  {
    id: "trap-live-unhealthy",
    severity: "error",
    title: "The running instance is not well",
    impact: "It serves nobody, or not all of what it should.",
    condition: "`/health/detailed` says healthy; degraded is a warning",
    fix: "See what it says of its checks, and docs/runbook.md.",
    example: example({ status: "unhealthy" }),
    find: running(({ status, phase, at, instance, checks }) => {
      if (status === "healthy") return [];
      const failing = Object.entries(checks).filter(([, check]) => check.status !== "up");
      const why = failing
        .map(([name, check]) => `${name} ${check.status}${check.reason === null ? "" : ` (${check.reason})`}`)
        .join(", ");
      const severity = status === "degraded" ? "warning" : "error";
      return [
        {
          severity,
          places: [at],
          message: `${instance} is ${status}, in the phase ${phase}${why === "" ? "" : `: ${why}`}.`,
        },
      ];
    }),
  },
  {
    id: "trap-live-other-checks",
    severity: "warning",
    title: "The running instance requires other checks than its settings say",
    impact: "It leaves the rotation for another reason than you think, or stays in it without what it needs.",
    condition: "critical checks = `READY_REQUIRES` (postgres unless written)",
    fix: "Restart it with these settings.",
    example: example({ critical: ["redis"] }),
    find: running(({ checks, at, instance }, settings) => {
      const written = settings.text("READY_REQUIRES");
      const wanted = (written?.text ?? "postgres")
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== "")
        .sort();
      // What is not asked at all cannot be critical, as the schema before it is known.
      const seen = Object.entries(checks)
        .filter(([name, check]) => check.critical && name !== "schema")
        .map(([name]) => name)
        .sort();
      if (wanted.filter((name) => name !== "schema").join() === seen.join()) return [];
      return [
        {
          places: [at, ...(written === undefined ? [] : [written.at])],
          message: `${instance} requires ${seen.join(", ") || "nothing"}; READY_REQUIRES is ${wanted.join(", ")}.`,
        },
      ];
    }),
  },
];
